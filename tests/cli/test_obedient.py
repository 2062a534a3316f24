"""The command line prints no invisible character, as a table or as lines of JSON."""

import json

from local.azure_openai.answers import Answer, Request
from local.azure_openai.script import Model
from tests.api.test_obedient import TEXTS, stray
from tests.cli.conftest import Shell, jpeg

WIDTH = 300


def obedient(request: Request) -> Answer:
    """The text of the picture's number, by its width, in every field."""
    text = TEXTS[request.images[0].width - WIDTH]
    fields = {"alt_text": text, "description": text, "extended_description": ""}
    said = {
        "image_kind": "photo",
        "visible_text": text,
        "texts": {"en": fields},
        "tags": [text],
        "is_decorative": False,
    }
    return Answer(json.dumps(said | {"uncertainties": []}))


async def test_nothing_unseen_is_printed(shell: Shell, model: Model) -> None:
    model.script.always(obedient)
    names = [f"{number}.jpg" for number in range(len(TEXTS))]
    for number, name in enumerate(names):
        shell.picture(name, jpeg(WIDTH + number))
    lines = await shell.here("describe", *names, "--json")
    assert len(lines.lines) == len(lines.out.splitlines()) == len(TEXTS), lines.err
    assert [stray(json.dumps(line, ensure_ascii=False)) for line in lines.lines] == [[]] * len(TEXTS)
    table = await shell.here("describe", *names)
    assert stray(table.out.replace("\n", " ")) == []
    assert "cat" in table.out
