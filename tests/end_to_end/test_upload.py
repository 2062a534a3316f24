"""End to end: a picture lands, a description appears. Each status, each skip, each race once through everything."""

import asyncio
import threading
from pathlib import Path
from urllib.parse import unquote

import pytest
from azure.storage.blob import StandardBlobTier

from describer.domain.image_ref import ImageRef
from describer.domain.naming import sidecar_name
from describer.domain.status import SkipReason, Status
from local.azure_openai import faults
from local.azure_openai.answers import Request
from local.azure_openai.script import Reply, describe
from local.children import ChildFailed
from tests import pictures
from tests.end_to_end.conftest import System, started
from tests.storage import until_async

NAMES = [
    "plain.jpg",
    "with space.jpg",
    "a#b%20c?d+e&f.jpg",
    "quo'te\"s.jpg",
    "Käfer/Größe/naïve/ß.jpg",
    "写真/東京.jpg",
    "🐈.jpg",
    ".hidden",
    "deep/er/and deeper/x.jpg",
    "empty//segment.jpg",
    "100%.jpg",
    "x" * 1024,
]


@pytest.mark.parametrize("name", NAMES, ids=lambda name: name[:24])
async def test_a_picture_of_any_name_is_described(system: System, name: str) -> None:
    picture = system.picture()
    await system.upload(name, picture)
    record = await system.finished(name)
    assert record["source"]["name"] == name
    assert record["alt_text"].startswith("A test picture of")
    metadata = await system.metadata(name)
    assert unquote(metadata["alt_text"]) == record["alt_text"]
    assert unquote(metadata["description"]) == record["description"]
    assert unquote(metadata["description_sidecar"]) == sidecar_name(ImageRef("images", name))
    assert system.calls(picture) == 1


async def test_nothing_that_we_write_starts_anything(system: System) -> None:
    """After ten pictures there were ten visits and ten calls; an eleventh, uploaded last, proves that all were seen."""
    names = [f"quiet/{number}.jpg" for number in range(10)]
    made = {name: system.picture() for name in names}
    await asyncio.gather(*(system.upload(name, picture) for name, picture in made.items()))
    await asyncio.gather(*(system.finished(name) for name in names))
    await system.upload("quiet/last.jpg", system.picture())
    await system.finished("quiet/last.jpg")
    await system.outcome("quiet/last.jpg", "described")
    ours = {str(ImageRef("images", name)) for name in (*names, "quiet/last.jpg")}
    visits = [fact["picture"] for fact in system.log() if fact["picture"] in ours]
    assert len(visits) == len(set(visits)) == 11
    assert [system.calls(picture) for picture in made.values()] == [1] * 10
    sidecars = {str(ImageRef("descriptions", sidecar_name(ImageRef("images", name)))) for name in made}
    assert not [fact for fact in system.log() if fact["picture"] in sidecars]


async def test_the_same_bytes_again_cost_no_call(system: System) -> None:
    picture = system.picture()
    await system.upload("again.jpg", picture)
    first = await system.finished("again.jpg")
    await system.upload("again.jpg", picture)
    assert await system.finished("again.jpg") == first
    assert system.calls(picture) == 1


async def test_new_bytes_under_the_same_name_are_described_again(system: System) -> None:
    old, new = system.picture(), system.picture()
    await system.upload("new.jpg", old)
    first = await system.finished("new.jpg")
    await system.upload("new.jpg", new)

    async def changed() -> bool:
        record = await system.sidecar("new.jpg")
        return record is not None and record["source"]["sha256"] != first["source"]["sha256"]

    await until_async(changed)
    record = await system.finished("new.jpg")
    assert record["alt_text"] != first["alt_text"]
    assert record["history"][0]["alt_text"] == first["alt_text"]
    assert system.calls(new) == 1


async def test_metadata_set_while_the_model_thinks_is_kept_and_costs_no_second_call(system: System) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def thinking(request: Request) -> Reply:
        asked.set()
        go_on.wait(20)
        return describe(request)

    picture = system.picture(thinking)
    await system.upload("tagged.jpg", picture)
    assert await asyncio.to_thread(asked.wait, 20)
    await system.blobs.get_blob_client("images", "tagged.jpg").set_blob_metadata({"shelf": "7"})
    go_on.set()
    record = await system.finished("tagged.jpg")
    metadata = await system.metadata("tagged.jpg")
    assert metadata["shelf"] == "7"
    assert unquote(metadata["alt_text"]) == record["alt_text"]
    assert system.calls(picture) == 1


async def test_other_files_among_the_pictures_get_their_status_and_delay_no_picture(system: System) -> None:
    good = system.picture()
    await asyncio.gather(
        system.upload("mixed/notes.txt", b"Buy milk."),
        system.upload("mixed/empty.jpg", b""),
        system.upload("mixed/cut.jpg", pictures.jpeg(640, 480)[:2000]),
        system.upload("private/secret.jpg", system.picture()),
        system.upload("mixed/good.jpg", good),
    )
    text = await system.finished("mixed/notes.txt", status="unsupported")
    empty = await system.finished("mixed/empty.jpg", status="corrupt")
    cut = await system.finished("mixed/cut.jpg", status="corrupt")
    await system.finished("mixed/good.jpg")
    await system.outcome("private/secret.jpg", "excluded")
    assert all(record["reason"] and not record["alt_text"] for record in (text, empty, cut))
    assert "no bytes" in empty["reason"]
    assert await system.sidecar("private/secret.jpg") is None
    assert await system.metadata("private/secret.jpg") == {}
    gets = [entry for entry in system.stack.storage.access_log.read_text().splitlines() if '"GET' in entry]
    assert gets
    assert not [entry for entry in gets if "/images/images/private/" in entry]


async def _end_as(system: System, status: Status) -> str:
    """Uploads a picture that must end with this status; its name."""
    name = f"status/{status}.jpg"
    match status:
        case Status.DESCRIBED:
            await system.upload(name, system.picture())
        case Status.NEEDS_REVIEW:
            await system.upload(name, system.picture(faults.refused()))
        case Status.KEPT:
            await system.upload(name, system.picture(), metadata={"alt_text": "My cat Tom"})
        case Status.FILTERED:
            await system.upload(name, system.picture(faults.content_filter_prompt()))
        case Status.UNSUPPORTED:
            await system.upload(name, b"<svg xmlns='http://www.w3.org/2000/svg'/>")
        case Status.CORRUPT:
            await system.upload(name, system.picture()[:400])
        case Status.TOO_LARGE:
            await system.upload(name, b"\xff\xd8\xff" + bytes(2**19))
        case Status.ARCHIVED:
            await system.upload(name, system.picture(), standard_blob_tier=StandardBlobTier.ARCHIVE)
        case Status.FAILED:
            await system.upload(name, system.picture(faults.server_error(500)))
    return name


@pytest.mark.parametrize("status", Status)
async def test_every_status(system: System, status: Status) -> None:
    name = await _end_as(system, status)
    await system.outcome(name, status)
    record = await system.sidecar(name)
    assert record is not None
    assert record["status"] == status
    assert bool(record["alt_text"]) is (status in {Status.DESCRIBED, Status.KEPT})
    assert bool(record["reason"]) is (status not in {Status.DESCRIBED, Status.KEPT})
    assert name not in "".join(await system.poisoned())


@pytest.mark.parametrize("reason", SkipReason)
async def test_every_skip(system: System, reason: SkipReason) -> None:
    container = "descriptions" if reason is SkipReason.NOT_OURS else "images"
    name = f"skip/{reason}.{'pdf' if reason is SkipReason.NOT_A_PICTURE else 'jpg'}"
    if reason is SkipReason.UNCHANGED:
        await system.upload(name, system.picture())
        await system.finished(name)
    elif reason is SkipReason.EXCLUDED:
        await system.upload(name, system.picture(), metadata={"description_skip": "true"})
    elif reason is SkipReason.NEWER:
        await system.write_sidecar(name, b'{"schema_version": 2}')
        await system.upload(name, system.picture())
    elif reason is SkipReason.NOT_A_PICTURE:
        await system.upload(name, b"%PDF-1.7\n")
    await system.send(ImageRef(container, name).subject)
    await system.outcome(name, reason, container=container)
    assert (await system.sidecar(name) is not None) is (reason in {SkipReason.UNCHANGED, SkipReason.NEWER})


@pytest.mark.long
def test_faulty_settings_stop_the_app_with_one_message(tmp_path: Path) -> None:
    """Three faults at once, and the app never starts: its events wait."""
    wrong = {"MAX_ATTEMPTS": "many", "DESCRIPTION_LANGUAGES": "english!", "IMAGE_DETAIL": "auto"}
    with pytest.raises(ChildFailed) as caught, started(tmp_path, wrong):
        pass
    message = str(caught.value)
    assert all(name in message for name in wrong)
    assert "Traceback" not in message


async def test_an_emergency_stop_loses_no_picture_and_counts_no_try(system: System) -> None:
    """infra/emergency.py names a deployment that there is not; as many visits are answered so as tries are allowed."""
    stopped: list[Request] = []

    def until_resumed(request: Request) -> Reply:
        stopped.append(request)
        return faults.deployment_not_found() if len(stopped) <= 2 else describe(request)

    picture = system.picture(until_resumed)
    await system.upload("stopped.jpg", picture)
    record = await system.finished("stopped.jpg")
    assert record["alt_text"].startswith("A test picture of")
    assert system.calls(picture) == len(stopped) == 3
    put_off = [
        fact for fact in system.log("picture.deferred") if fact["picture"] == str(ImageRef("images", "stopped.jpg"))
    ]
    assert [(fact["fault"], fact["attempts"]) for fact in put_off] == [("misconfigured", 0)] * 2
