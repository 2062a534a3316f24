"""`make cms`: the recipes with real content systems from npm, each with the app on the local stack.

    python -m tests.cms [payload] [strapi] [directus] [wordpress]

Each system stores uploads; their files become blobs under the same names, as its storage adapter for Azure would write
them. The app describes them, and its events reach the recipe, which writes into the system. Exit code 1 if one failed.
"""

import asyncio
import html
import itertools
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from describer.domain.renditions import Renditions
from local.azure_openai.answers import Answer, Request
from local.azure_openai.filling import Path as KeyPath
from local.azure_openai.filling import fill, language_at
from local.azure_openai.script import Reply
from tests import pictures
from tests.cms.receiver import post, receiver, subscribe
from tests.cms.systems import SYSTEMS, Payload, Running, System
from tests.end_to_end.conftest import System as Line
from tests.end_to_end.conftest import started

LANGUAGES: Final = ("en", "de")
TEXTS: Final = {
    "en": 'A yellow sign that says "<exit> & 5 > 3 < 4", with 100%ab of R&D below.',
    "de": "Ein gelbes Schild mit der Aufschrift „<exit> & 5 > 3 < 4“ über einer Tür.",
}
"""Texts with all that a system could take for markup."""
EDITORS: Final = "Written by an editor."
SETTINGS: Final = {
    "IMAGES_MORE_CONTAINERS": ",".join(system.name for system in SYSTEMS),
    "RENDITIONS": ",".join(system.name for system in SYSTEMS),
    "DESCRIPTION_LANGUAGES": ",".join(LANGUAGES),
    "EVENTS_TEXTS": "all",
    "MAX_IMAGE_MB": "20",
}
_widths: Final = itertools.count(1200)


def answer(request: Request) -> Reply:
    """Return a valid answer with TEXTS as alt texts."""

    def pick(path: KeyPath) -> object:
        language = language_at(path) or "en"
        values = {
            "alt_text": TEXTS[language],
            "description": TEXTS[language],
            "image_kind": "photo",
            "language": language,
        }
        return values.get(path[-1]) if path else None

    return Answer(json.dumps(fill(request.schema or {}, pick)))


async def tried(system: System, line: Line, folder: Path) -> str:
    """Run the recipe with one system, and say what was seen.

    Raises:
        AssertionError, RuntimeError: it does not do what docs/cms.md says.
    """
    where = line.stack.addresses
    told = {"APP": where.http, "FUNCTION_KEY": where.function_key, "CONTAINER": system.name}
    with system.running(folder, told) as cms:
        picture, edited = (system.upload(cms, name, _picture()) for name in ("harbour.jpg", "boat.jpg"))
        assert not any(system.texts(cms, picture)), "the system writes texts by itself"
        system.edit(cms, edited, EDITORS)
        calls = len(line.model.requests)
        derived = await _described(system, line, cms)
        assert len(line.model.requests) - calls == 2, "not one call for each original"
        url, authorization = str(cms.http.base_url), cms.http.headers["authorization"]
        with receiver(system.name, url.rstrip("/"), authorization, ",".join(LANGUAGES), folder / "receiver.log") as at:
            await subscribe(at)
            answers = [post(at, each) for each in line.events() if each["data"]["container"] == system.name]
        assert {each.status_code for each in answers} == {200}, [each.text for each in answers]
        expected = [TEXTS[language] for language in system.languages]
        assert _shown(system, system.texts(cms, picture)) == expected, system.texts(cms, picture)
        assert system.texts(cms, edited) == [EDITORS] * len(system.languages), "an editor's text was replaced"
        resolved = _button(system, cms, picture) if isinstance(system, Payload) else ""
    return f"{system.version}: text in its field, editor's text stays, {derived} derived sizes at no call{resolved}"


def _picture() -> bytes:
    return pictures.jpeg(next(_widths), 900)


async def _described(system: System, line: Line, cms: Running) -> int:
    """Copy what the system stores into its container, originals first, and have all described."""
    rules, stored = Renditions((system.name,)), cms.stored()
    sizes = {name: rules.derived(name) for name in stored}
    originals = [name for name, size in sizes.items() if size is None]
    assert len(originals) == 2, f"not the two originals: {sorted(stored)}"
    print(f"  stored: {', '.join(sorted(stored))}", flush=True)
    for name in sorted(stored, key=lambda name: sizes[name] is not None):
        await line.upload(name, stored[name], container=system.name)
        if sizes[name] is None:
            await line.finished(name, container=system.name)
    for name in stored.keys() - set(originals):
        record = await line.finished(name, container=system.name)
        assert "rendition" in record["flags"], f"{name} was not taken for a derived size"
    return len(stored) - len(originals)


def _shown(system: System, texts: Sequence[str | None]) -> list[str | None]:
    """The texts as a browser shows them: WordPress alone stores character references."""
    return [html.unescape(text) if text and system.name == "wordpress" else text for text in texts]


def _button(system: System, cms: Running, picture: Any) -> str:
    """Press the button of Payload's plugin, whose part a route of the test's app plays, on an empty field."""
    system.edit(cms, picture, "")
    said = cms.ask("POST", f"/api/media/{picture}/alt-text")
    assert said == {"success": True}, said
    assert system.texts(cms, picture) == list(TEXTS.values()), "the resolver's text is not in the field"
    return ", resolver answers"


async def main(names: Sequence[str]) -> int:
    """Try each system, or those of these names, and print what was seen."""
    systems = [system for system in SYSTEMS if not names or system.name in names]
    ends, failed = [], False
    for system in systems:
        print(f"{system.name}: installing into {system.tools}", flush=True)
        await asyncio.to_thread(system.install)
    with (
        tempfile.TemporaryDirectory() as place,
        started(Path(place) / "state", SETTINGS, route="queue") as (stack, model),
    ):
        async with stack.storage.blob_service() as blobs, stack.storage.queue_service() as queues:
            model.script.always(answer)
            line = Line(stack, model, blobs, queues)
            for system in systems:
                print(system.name, flush=True)
                folder = Path(place) / system.name
                folder.mkdir()
                try:
                    ends.append(f"{system.name:10} {await tried(system, line, folder)}")
                except (AssertionError, RuntimeError, OSError, subprocess.SubprocessError) as error:
                    failed = True
                    ends.append(f"{system.name:10} FAILED: {error}")
    print("\n".join(ends))
    return int(failed)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
