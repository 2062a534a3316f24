"""Words to use and to avoid on the command line, checked in the answer, and what the model doubts."""

import json

from local.azure_openai.answers import Answer, Request
from local.azure_openai.script import Model
from tests.cli.conftest import Shell, jpeg


def doubting(_request: Request) -> Answer:
    text = "A cat asleep on a grey sofa beside a window."
    description = "A cat lies curled up on cushions; light falls in from the left."
    fields = {"alt_text": text, "description": description, "extended_description": ""}
    said = {"image_kind": "photo", "visible_text": "", "texts": {"en": fields}, "tags": ["cat"], "is_decorative": False}
    return Answer(json.dumps(said | {"uncertainties": ["whether it sleeps"]}))


async def test_words_and_doubts_are_flags(shell: Shell, model: Model) -> None:
    model.script.always(doubting)
    before = len(model.requests)
    shell.picture("cat.jpg", jpeg(300))
    done = await shell.here("describe", "cat.jpg", "--use", "tabby", "--avoid", "sofa", "--avoid", "horse", "--json")
    (line,) = done.lines
    assert line["status"] == "needs_review", done.err
    assert {*line["flags"]} == {"avoided_word", "keyword_missing", "uncertain"}
    assert len(model.requests) - before == 2, "the avoided word is repaired once"
