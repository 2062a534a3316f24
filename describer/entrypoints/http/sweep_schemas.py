"""The shapes of sweeps over stored pictures: what is asked, and how far one is."""

from datetime import datetime
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StrictBool

from describer.pipeline.sweep.counted import Preview
from describer.pipeline.sweep.state import End, Only, Sweep, SweepOptions

_ANSWER: Final = ConfigDict(json_schema_serialization_defaults_required=True)
_MOST_GLOBS: Final = 50
_LONGEST: Final = 1024


def _without_repeats[T](given: list[T]) -> list[T]:
    return list(dict.fromkeys(given))


_Globs = Annotated[list[Annotated[str, Field(min_length=1, max_length=_LONGEST)]], Field(max_length=_MOST_GLOBS)]


class NewSweep(BaseModel):
    """The JSON body of `POST /api/sweeps`: which pictures of a container are to be described."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"prefix": "2019/"}, {"prefix": "2019/", "dry_run": False, "max_usd": 5, "only": ["missing"]}]
        },
    )

    dry_run: StrictBool = Field(True, description="Only say what there is and what it would take; `false` describes.")
    container: Annotated[str, Field(min_length=1, max_length=63)] | None = Field(
        None, description="A watched container; by default the first one."
    )
    prefix: str = Field("", max_length=_LONGEST, description="How the blobs' names begin.")
    only: Annotated[
        list[Literal["missing", "stale", "failed", "review", "all"]],
        Field(min_length=1, max_length=_MOST_GLOBS),
        AfterValidator(_without_repeats),
    ] = Field(["missing"], description="`stale`: the record answers another question than would be asked now.")
    include: _Globs = Field([], description="Only names like these, as in IMAGES_INCLUDE.")
    exclude: _Globs = Field([], description="No names like these.")
    modified_after: AwareDatetime | None = Field(None, description="Only pictures that were changed then or later.")
    modified_before: AwareDatetime | None = Field(None, description="Only pictures that were changed before.")
    max_pictures: Annotated[int, Field(ge=1, le=10**9)] | None = Field(None, description="Stops after so many.")
    max_usd: Annotated[float, Field(ge=0.01, le=10**9)] | None = Field(None, description="Stops at this cost.")
    batch: StrictBool = Field(False, description="By batches: half of the price, within about a day.")

    def options(self, container: str) -> SweepOptions:
        """The options as the app takes them."""
        given = self.model_dump(exclude={"dry_run", "container"})
        return SweepOptions.model_validate({**given, "container": container})


class Range(BaseModel):
    """A figure that is not known to the unit: at least, about, at most."""

    model_config = _ANSWER

    least: float
    usual: float
    most: float

    @classmethod
    def of(cls, figures: tuple[float, float, float] | None) -> Self | None:
        """The figures, if there are any."""
        return cls(least=figures[0], usual=figures[1], most=figures[2]) if figures else None


class SweepPreview(BaseModel):
    """What a sweep would take, as it was found at its beginning. It is an estimate by list prices."""

    model_config = _ANSWER

    pictures: int = Field(description="That would be described.")
    bytes: int = Field(description="Of these.")
    judged: dict[str, int] = Field(description="How many blobs, by why they would be described or are left out.")
    tiers: dict[str, int] = Field(description="Bytes in tiers whose reading is charged, and in the archive tier.")
    sampled: int = Field(description="Pictures whose first bytes were read.")
    with_sides: int = Field(description="Of these, how many told their width and height.")
    prompt_tokens: Range | None
    completion_tokens: Range | None
    usd: Range | None = Field(description="Null where the model has no list price.")
    usd_in_batches: Range | None = Field(description="The same with `batch`.")
    seconds: float | None = Field(description="That the deployment's quota makes it take at least, if it is known.")

    @classmethod
    def of(cls, seen: Preview) -> Self:
        """What of it is told."""
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


class SweepState(BaseModel):
    """A sweep and how far it is."""

    model_config = _ANSWER

    id: str
    state: End
    dry_run: bool
    container: str
    prefix: str
    only: list[Only]
    begun: datetime
    updated: datetime
    preview: SweepPreview | None = Field(description="Null while it is counted.")
    found: int = Field(description="Blobs that were looked at.")
    passed: dict[str, int] = Field(description="How many of these were left out, by reason.")
    enqueued: int
    ended: int = Field(description="Pictures that were queued and have their end.")
    outcomes: dict[str, int] = Field(description="How many of these ended how.")
    under_way: int = Field(description="Pictures that were queued and have not ended.")
    put_off: int = Field(description="How many of these wait for a later try.")
    usd: float = Field(description="What it took so far, by list price.")
    tokens: int
    seconds_left: float | None = Field(description="For what is queued, at the pace so far.")

    @classmethod
    def of(cls, sweep: Sweep) -> Self:
        """What of it is told."""
        tally = sweep.tally
        return cls(
            id=sweep.id,
            state=sweep.state,
            dry_run=sweep.dry_run,
            container=sweep.options.container,
            prefix=sweep.options.prefix,
            only=list(sweep.options.only),
            begun=sweep.begun,
            updated=sweep.updated,
            preview=SweepPreview.of(sweep.preview) if sweep.preview else None,
            found=sweep.counted.looked_at if sweep.counted else sweep.found,
            passed=sweep.passed,
            enqueued=sweep.enqueued,
            ended=tally.done,
            outcomes=tally.outcomes,
            under_way=sweep.under_way,
            put_off=sweep.under_way - sweep.fresh,
            usd=round(tally.usd, 6),
            tokens=tally.tokens,
            seconds_left=sweep.seconds_left,
        )
