"""What the command line makes of arguments, of results and of little room."""

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest

from describer.domain.errors import (
    Busy,
    Corrupt,
    DescriberError,
    Excluded,
    FetchFailed,
    InvalidRequest,
    Misconfigured,
    NotFound,
    TooLarge,
    Transient,
    UrlFault,
)
from describer.domain.image_ref import ImageRef
from describer.domain.record import Cost
from describer.domain.status import Status
from describer.entrypoints.cli.batch import Work
from describer.entrypoints.cli.exit_codes import Exit, of_error, of_results
from describer.entrypoints.cli.inputs import File, Source, find
from describer.entrypoints.cli.results import Result, Unreadable, line, printable
from describer.entrypoints.cli.tables import summary
from describer.entrypoints.on_demand.service import BlobOf, RequestOptions, Url
from describer.pipeline.memory_budget import MIN_RESERVATION, MemoryBudget
from tests.fakes import FREE_ANSWER
from tests.unit.conftest import BRIEF, Harness
from tests.unit.entrypoints.test_on_demand import OnDemandSetup

LATER = Result("l", fault=Transient("no answer"))
BAD = Result("b", fault=NotFound("There is no blob."))


@pytest.fixture
async def fine(harness: Harness) -> Result:
    return Result("g", record=await harness.described())


def having(result: Result, **changes: object) -> Result:
    assert result.record
    return Result(result.picture, record=result.record.model_copy(update=changes))


@pytest.mark.parametrize(
    ("cost", "said"),
    [
        (Cost(priced_as="gpt-4o", usd=0.5), "; about 1.000000 USD"),
        (None, "; the model has no list price"),
    ],
)
def test_a_summary_says_what_it_cost_or_that_it_is_unknown(fine: Result, cost: Cost | None, said: str) -> None:
    assert summary([having(fine, cost=cost)] * 2) == f"2 described{said}"


def test_the_worst_result_decides_the_code(fine: Result) -> None:
    codes = {status: of_results([having(fine, status=status)]) for status in Status}
    assert {status for status, code in codes.items() if code is Exit.GOOD} == {Status.DESCRIBED, Status.KEPT}
    assert set(codes.values()) == {Exit.GOOD, Exit.SOME}
    assert of_results([fine, BAD]) is Exit.SOME
    assert of_results([BAD, LATER, fine]) is Exit.LATER


@pytest.mark.parametrize(
    ("error", "code", "word"),
    [
        (Transient("t"), Exit.LATER, "later"),
        (Busy("b"), Exit.LATER, "later"),
        (NotFound("a"), Exit.SOME, "absent"),
        (Excluded("o"), Exit.SOME, "off_limits"),
        (FetchFailed("u", code=UrlFault.HOST), Exit.SOME, "unfetchable"),
        (Unreadable("r"), Exit.SOME, "unreadable"),
        (TooLarge("t"), Exit.SOME, "too_large"),
        (Corrupt("c"), Exit.SOME, "corrupt"),
        (InvalidRequest("u", field="model"), Exit.USAGE, None),
        (Misconfigured("m"), Exit.MISCONFIGURED, None),
    ],
)
def test_each_error_has_a_code_and_a_word(error: DescriberError, code: Exit, word: str | None) -> None:
    assert of_error(error) is code
    if word:
        assert Result("p", fault=error).status == word


def test_an_alt_text_is_one_line_and_only_there_to_be_used(fine: Result) -> None:
    assert having(fine, alt_text="A cat\non a\tsofa.\x9b").alt_text == "A cat on a sofa.\N{REPLACEMENT CHARACTER}"
    assert having(fine, status=Status.NEEDS_REVIEW).alt_text == ""
    assert LATER.alt_text == ""
    assert LATER.reason == "no answer."


def test_no_control_character_reaches_a_terminal() -> None:
    every = "".join(map(chr, range(0x100)))
    assert {char for char in printable(every) if not char.isprintable()} == {"\t", "\n", "\xa0", "\xad"}
    assert line({"text": "\x1b\x9bé"}) == '{"text": "\\u001b\\u009bé"}'


def test_a_file_name_that_is_not_utf_8_can_be_printed() -> None:
    name = os.fsdecode(b"caf\xe9.jpg")
    assert printable(name) == "caf\N{REPLACEMENT CHARACTER}.jpg"
    assert line({"picture": name}) == '{"picture": "caf\\udce9.jpg"}'


def test_the_table_adds_up(fine: Result) -> None:
    assert summary([fine, fine, BAD, LATER]).startswith("2 described, 1 absent, 1 later; about 0.")


def test_arguments_become_sources_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("b/2.gif", "b/1.gif", "c.bin"):
        (tmp_path / name).write_bytes(b"GIF89a")
    (tmp_path / "b/loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "b/gone.gif").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "b/pipe")
    found = find([f"{tmp_path}/c.bin", f"{tmp_path}/b", "HTTPS://example.org/x"], "", b"")
    assert [name.removeprefix(f"{tmp_path}/") for name, _ in found.sources] == [
        "c.bin",
        "b/1.gif",
        "b/2.gif",
        "https://example.org/x",
    ]
    assert found.sources[-1][1] == Url("HTTPS://example.org/x")
    assert found.skipped == 2
    assert find(["https://x"], "images", b"").sources == [("images/https://x", BlobOf(ImageRef("images", "https://x")))]


def test_an_address_is_named_without_its_signature_also_where_a_blob_was_wanted() -> None:
    signed = "https://acc.example/c/x.jpg?sig=SECRET"
    assert [name for name, _ in find([signed], "", b"").sources] == ["https://acc.example/c/x.jpg"]
    assert [name for name, _ in find([signed], "images", b"").sources] == ["images/https://acc.example/c/x.jpg"]
    assert [name for name, _ in find(["a?b.jpg"], "images", b"").sources] == ["images/a?b.jpg"]


async def test_more_than_there_is_room_for_takes_its_turn(harness: Harness, tmp_path: Path) -> None:
    setup = OnDemandSetup(replace(harness, memory=MemoryBudget(2 * MIN_RESERVATION)))
    sources = []
    for number in range(7):
        path = tmp_path / f"{number}.jpg"
        path.write_bytes(b"%d" % number)
        sources.append((path.name, File(path)))
    sources.insert(3, ("absent", File(tmp_path / "absent")))
    begun: list[int] = []
    ended: dict[int, Result] = {}
    work = Work(setup.on_demand, at_a_time=8)
    async with asyncio.timeout(10):
        await work.describe(sources, BRIEF, write=False, on_begun=begun.append, on_done=ended.__setitem__)
    results = [ended[number] for number in range(8)]
    assert [result.picture for result in results] == [name for name, _ in sources]
    assert [result.status for result in results] == ["described"] * 3 + ["unreadable"] + ["described"] * 4
    assert sorted(begun) == list(range(8))
    assert setup.memory.held == 0


async def test_a_question_about_more_than_there_is_memory_for_is_answered(harness: Harness, tmp_path: Path) -> None:
    """Ten files that exceed the budget together: each is read when its turn comes."""
    setup = OnDemandSetup(replace(harness, memory=MemoryBudget(2 * MIN_RESERVATION), max_bytes=MIN_RESERVATION))
    files: list[Source] = []
    for number in range(10):
        (tmp_path / f"{number}.jpg").write_bytes(bytes(MIN_RESERVATION))
        files.append(File(tmp_path / f"{number}.jpg"))
    work = Work(setup.on_demand, at_a_time=8)
    async with asyncio.timeout(10):
        pieces = [piece async for piece in work.answer(files, setup.on_demand.question("What?", RequestOptions()))]
    assert pieces[-1] == FREE_ANSWER
    assert len(setup.harness.model.calls) == 10
