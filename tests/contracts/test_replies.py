"""Free answers: the fake model and the real SDK over HTTP keep the same promises."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from io import BytesIO

import pytest
from PIL import Image

from describer.adapters.chat.client import ChatModel, connect
from describer.adapters.chat.limiter import Limiter
from describer.adapters.chat.quota import Quota
from describer.domain.errors import DescriberError, Filtered, Misconfigured, Transient
from describer.domain.record import Usage
from describer.pipeline.ports import Model as Port
from describer.vision.answer import Ending, FreeAnswer
from describer.vision.brief import Question
from describer.vision.families import family, generic
from describer.vision.imaging.values import PreparedImage
from local.azure_openai import faults
from local.azure_openai.access import Access
from local.azure_openai.answers import Answer, Fault
from local.azure_openai.resource import Resource
from local.azure_openai.script import Model, Script, serve
from tests.fakes import FakeModel

QUESTION = Question("Which colour?", "gpt-5.6-luna", "low", 300, context="From our shop")
TEXT = "It is teal, all over."


def _picture(color: str = "teal") -> PreparedImage:
    out = BytesIO()
    Image.new("RGB", (64, 48), color).save(out, "JPEG")
    return PreparedImage(out.getvalue(), 64, 48)


@pytest.fixture
def server() -> Iterator[Model]:
    with serve(Script(), Resource(access=Access(api_key="key"))) as model:
        yield model


@pytest.fixture
async def chat(server: Model) -> AsyncIterator[ChatModel]:
    async with connect(server.base_url, key="key", credential=None, scope="") as client:
        yield ChatModel(client, lambda name: family(name) or generic(), 5, Limiter(1, Quota(pause=0.01)), backoff=0.01)


@dataclass
class Stage:
    """A model, and how a test sets its next answer."""

    model: Port
    will_say: Callable[[str, Ending], None]
    will_fail: Callable[[type[DescriberError]], None]
    will_break_off: Callable[[str, int], None]


_AS_SERVED = {
    Ending.COMPLETE: Answer,
    Ending.CUT_OFF: lambda text: Answer(text, finish_reason="length"),
    Ending.FILTERED: faults.content_filter_answer,
    Ending.REFUSED: faults.refused,
}
_AS_FAULTS = {
    Filtered: faults.content_filter_prompt(),
    Misconfigured: faults.deployment_not_found(),
    Transient: faults.rate_limited(60),
}


@pytest.fixture(params=["fake", "served"])
def stage(request: pytest.FixtureRequest, server: Model, chat: ChatModel) -> Stage:
    if request.param == "served":
        return Stage(
            chat,
            lambda text, ending: server.script.then(_AS_SERVED[ending](text)),
            lambda error: server.script.then(_AS_FAULTS[error]),
            lambda text, after: server.script.then(faults.breaks_off(text, after)),
        )
    fake = FakeModel()

    def break_off(text: str, after: int) -> None:
        fake.script.append(FreeAnswer(text, "luna", Usage(prompt_tokens=1)))
        fake.breaks_after = after

    return Stage(
        fake,
        lambda text, ending: fake.script.append(
            FreeAnswer(text, "luna", Usage(prompt_tokens=1, completion_tokens=1), ending)
        ),
        lambda error: fake.script.append(error("as it was told")),
        break_off,
    )


async def _heard(model: Port) -> list[str | FreeAnswer]:
    async with aclosing(model.reply(QUESTION, [_picture()])) as pieces:
        return [piece async for piece in pieces]


@pytest.mark.parametrize("ending", Ending)
async def test_the_pieces_make_the_whole_which_comes_last(stage: Stage, ending: Ending) -> None:
    stage.will_say(TEXT, ending)
    *pieces, whole = await _heard(stage.model)
    assert isinstance(whole, FreeAnswer)
    assert "".join(str(piece) for piece in pieces) == whole.text == TEXT
    assert len(pieces) > 1
    assert whole.ending is ending
    assert whole.model
    assert whole.usage.prompt_tokens and whole.usage.completion_tokens


@pytest.mark.parametrize("error", [Filtered, Misconfigured, Transient])
async def test_what_ends_before_the_first_word_is_raised(stage: Stage, error: type[DescriberError]) -> None:
    stage.will_fail(error)
    with pytest.raises(error):
        await _heard(stage.model)


async def test_an_answer_that_breaks_off_is_transient(stage: Stage) -> None:
    stage.will_break_off(TEXT, 2)
    async with aclosing(stage.model.reply(QUESTION, [_picture()])) as pieces:
        assert [await anext(pieces), await anext(pieces)] == ["It ", "is "]
        with pytest.raises(Transient):
            await anext(pieces)


async def test_the_request_has_every_picture_and_no_form(chat: ChatModel, server: Model) -> None:
    async with aclosing(chat.reply(QUESTION, [_picture("red"), _picture("blue")])) as pieces:
        assert [piece async for piece in pieces]
    request = server.requests[0]
    assert [image.data for image in request.images] == [_picture("red").jpeg, _picture("blue").jpeg]
    assert {image.detail for image in request.images} == {"low"}
    assert (request.schema, request.max_tokens) == (None, 300)
    assert request.prompts[1].startswith("Which colour?") and request.prompts[1].endswith('"From our shop"')
    assert request.body["reasoning_effort"] == "none"


async def test_an_error_inside_the_stream_is_transient(chat: ChatModel, server: Model) -> None:
    server.script.then(faults.breaks_off(TEXT, 1, faults.server_error(500)))
    async with aclosing(chat.reply(QUESTION, [_picture()])) as pieces:
        assert await anext(pieces) == "It "
        with pytest.raises(Transient):
            await anext(pieces)


async def test_an_empty_answer_is_transient(chat: ChatModel, server: Model) -> None:
    server.script.then(Answer(""))
    with pytest.raises(Transient, match="empty"):
        await _heard(chat)


@pytest.mark.long
async def test_something_that_is_no_stream_is_transient(chat: ChatModel, server: Model) -> None:
    for page in (
        faults.not_json(),
        faults.not_json("text/html"),
        Fault(200, "data: {]\n\n", {"content-type": "text/event-stream"}),
    ):
        server.script.then(page, page, page)
        with pytest.raises(Transient):
            await _heard(chat)


async def test_a_stumble_before_the_first_word_is_waited_out(chat: ChatModel, server: Model) -> None:
    server.script.then(faults.server_error(503), faults.disconnect(), Answer(TEXT))
    assert (await _heard(chat))[-1]
    assert len(server.requests) == 3


async def test_a_stream_that_stalls_is_given_up(server: Model) -> None:
    server.script.then(Answer(TEXT, pause=60))
    async with connect(server.base_url, key="key", credential=None, scope="") as client:
        hasty = ChatModel(client, lambda name: family(name) or generic(), 0.3, Limiter(1, Quota(pause=0.01)))
        with pytest.raises(Transient, match=r"no answer in 0\.3 s"):
            await _heard(hasty)


async def test_a_stream_closed_in_the_middle_frees_the_slot(chat: ChatModel, server: Model) -> None:
    server.script.then(Answer(TEXT, pause=0.01))
    async with aclosing(chat.reply(QUESTION, [_picture()])) as pieces:
        assert await anext(pieces) == "It "
        assert chat.limiter.held
    assert not chat.limiter.held
    assert len(await _heard(chat)) > 1
