"""The schemas of backfills over stored pictures: requests and progress."""

from datetime import datetime
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StrictBool

from describer.entrypoints.http.schemas import Answer
from describer.pipeline.backfill.counted import Preview
from describer.pipeline.backfill.state import Backfill, BackfillOptions, End, Only

_MOST_GLOBS: Final = 50
_LONGEST: Final = 1024


_Globs = Annotated[list[Annotated[str, Field(min_length=1, max_length=_LONGEST)]], Field(max_length=_MOST_GLOBS)]


class NewBackfill(BaseModel):
    """The JSON body of `POST /api/backfills`: which pictures of a container to describe."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"prefix": "2019/"}, {"prefix": "2019/", "dry_run": False, "max_usd": 5, "only": ["missing"]}]
        },
    )

    dry_run: StrictBool = Field(
        True,
        description="`true`, the default, only counts pictures and estimates the cost; `false` also describes them.",
    )
    container: Annotated[str, Field(min_length=1, max_length=63)] | None = Field(
        None, description="A watched container; the default is the first one."
    )
    prefix: str = Field("", max_length=_LONGEST, description="Prefix of the blobs' names.")
    only: Annotated[
        list[Literal["missing", "stale", "failed", "review", "all"]],
        Field(min_length=1, max_length=_MOST_GLOBS),
        AfterValidator(lambda given: list(dict.fromkeys(given))),
    ] = Field(
        ["missing"],
        description="By default `missing`. `stale`: the record answers a different question than would be asked now.",
    )
    include: _Globs = Field([], description="Only names that match one of these patterns; see IMAGES_INCLUDE.")
    exclude: _Globs = Field([], description="No names that match one of these patterns.")
    modified_after: AwareDatetime | None = Field(None, description="Only pictures changed at this time or later.")
    modified_before: AwareDatetime | None = Field(None, description="Only pictures changed before this time.")
    max_pictures: Annotated[int, Field(ge=1, le=10**9)] | None = Field(
        None, description="Stops after this number of pictures."
    )
    max_usd: Annotated[float, Field(ge=0.01, le=10**9)] | None = Field(None, description="Stops at this cost.")
    batch: StrictBool = Field(False, description="By batches: half of the price, within about a day.")

    def options(self, container: str) -> BackfillOptions:
        given = self.model_dump(exclude={"dry_run", "container"})
        return BackfillOptions.model_validate({**given, "container": container})


class Range(Answer):
    """An estimate: minimum, expected and maximum."""

    least: float
    usual: float
    most: float

    @classmethod
    def of(cls, figures: tuple[float, float, float] | None) -> Self | None:
        return cls(least=figures[0], usual=figures[1], most=figures[2]) if figures else None


class BackfillPreview(Answer):
    """The estimated work and cost of a backfill by list prices, made at its start."""

    pictures: int = Field(description="Number that would be described.")
    bytes: int = Field(description="Their size.")
    judged: dict[str, int] = Field(description="Number of blobs by the reason for describing or skipping them.")
    tiers: dict[str, int] = Field(description="Bytes in access tiers that charge for reading, and in the archive tier.")
    sampled: int = Field(description="Pictures whose first bytes were read.")
    with_sides: int = Field(description="Of these, the number whose width and height could be read.")
    prompt_tokens: Range | None
    completion_tokens: Range | None
    usd: Range | None = Field(description="Null where the model has no list price.")
    usd_in_batches: Range | None = Field(description="The same with `batch`.")
    seconds: float | None = Field(description="That the deployment's quota makes it take at least, if it is known.")

    @classmethod
    def of(cls, seen: Preview) -> Self:
        return cls(
            pictures=seen.pictures,
            bytes=seen.size,
            judged=seen.judged,
            tiers=seen.tiers,
            sampled=seen.sampled,
            with_sides=seen.with_sides,
            prompt_tokens=Range.of(seen.asked.prompt if seen.asked else None),
            completion_tokens=Range.of(seen.asked.answer if seen.asked else None),
            usd=Range.of(seen.usd),
            usd_in_batches=Range.of(seen.usd_in_batches),
            seconds=seen.seconds,
        )


class BackfillState(Answer):
    """A backfill and its progress."""

    id: str
    state: End
    dry_run: bool
    container: str
    prefix: str
    only: list[Only]
    begun: datetime
    updated: datetime
    preview: BackfillPreview | None = Field(description="Null until the pictures are counted.")
    found: int = Field(description="Blobs that were examined.")
    passed: dict[str, int] = Field(description="Number of these that were skipped, by reason.")
    enqueued: int
    ended: int = Field(description="Queued pictures that are finished.")
    outcomes: dict[str, int] = Field(description="Number of these by outcome.")
    under_way: int = Field(description="Queued pictures that are not finished.")
    put_off: int = Field(description="Number of these that wait for a later attempt.")
    usd: float = Field(description="Cost so far by list price.")
    tokens: int
    seconds_left: float | None = Field(
        description="Expected remaining seconds for the queued pictures, at the pace so far."
    )

    @classmethod
    def of(cls, backfill: Backfill) -> Self:
        tally = backfill.tally
        return cls(
            id=backfill.id,
            state=backfill.state,
            dry_run=backfill.dry_run,
            container=backfill.options.container,
            prefix=backfill.options.prefix,
            only=list(backfill.options.only),
            begun=backfill.begun,
            updated=backfill.updated,
            preview=BackfillPreview.of(backfill.preview) if backfill.preview else None,
            found=backfill.counted.looked_at if backfill.counted else backfill.found,
            passed=backfill.passed,
            enqueued=backfill.enqueued,
            ended=tally.done,
            outcomes=tally.outcomes,
            under_way=backfill.under_way,
            put_off=backfill.under_way - backfill.fresh,
            usd=round(tally.usd, 6),
            tokens=tally.tokens,
            seconds_left=backfill.seconds_left,
        )
