"""What a backfill would take, and how far one is, for people."""

from collections.abc import Iterator
from typing import Any, Final

from rich.console import RenderableType

from describer.entrypoints.cli.tables import card
from describer.pipeline.sweep.counted import Preview
from describer.pipeline.sweep.selection import Judgement
from describer.pipeline.sweep.state import Sweep, SweepOptions

_WHY: Final = {
    Judgement.MISSING: "without a record",
    Judgement.STALE: "whose record answers another question",
    Judgement.FAILED: "that failed",
    Judgement.REVIEW: "that await a person's look: asked again",
    Judgement.CURRENT: "left out: they have a record, and you do not ask for such",
    Judgement.EXCLUDED: "left out by IMAGES_INCLUDE, IMAGES_EXCLUDE, --include, --exclude or description_skip",
    Judgement.NOT_OURS: "left out: folders",
    Judgement.NOT_A_PICTURE: "left out: named like films, documents or tools' files",
    Judgement.OTHER_AGE: "left out by their age",
    Judgement.EMPTY: "left out: without a byte",
    Judgement.ARCHIVED: "left out: in the archive tier; move them to another one first",
    Judgement.TOO_LARGE: "left out: over MAX_IMAGE_MB",
}
_RESTS: Final = "left out: named with a segment . or .., which no program can open"
_ALERTS: Final = (
    "The alerts on tokens a day and on the age of waiting work may go off meanwhile; docs/operations.md tells of them."
)


def of_preview(seen: Preview, options: SweepOptions) -> RenderableType:
    """What there is, what it takes, what it costs."""
    where = f"{options.container}/{options.prefix}"
    return card([("in", where), *_counts(seen), *_takes(seen)])


def of_sweep(sweep: Sweep) -> RenderableType:
    """How far it is."""
    tally, left = sweep.tally, sweep.seconds_left
    return card(
        [
            ("backfill", f"{sweep.id}: {sweep.state}"),
            ("looked at", f"{sweep.found:,} blobs{'' if sweep.listed else ' so far'}"),
            ("queued", f"{sweep.enqueued:,}"),
            ("ended", f"{tally.done:,}{_ends(tally.outcomes)}"),
            ("under way", f"{sweep.under_way:,}, of which {sweep.under_way - sweep.fresh:,} put off"),
            ("cost", f"about {tally.usd:.6f} USD by list price; {tally.tokens:,} tokens"),
            *([("left", f"about {duration(left)} for what is queued")] if left else []),
        ]
    )


def headline(sweep: Sweep) -> str:
    """How far it is, beside a bar."""
    return f"{sweep.found:,} looked at, {sweep.under_way:,} under way, about {sweep.tally.usd:.4f} USD"


def facts(sweep: Sweep) -> dict[str, Any]:
    """How far it is, as JSON."""
    tally = sweep.tally
    return {
        "id": sweep.id,
        "state": sweep.state,
        "found": sweep.found,
        "passed": sweep.passed,
        "enqueued": sweep.enqueued,
        "ended": tally.done,
        "outcomes": tally.outcomes,
        "under_way": sweep.under_way,
        "usd": round(tally.usd, 6),
        "tokens": tally.tokens,
        "seconds_left": sweep.seconds_left,
    }


def duration(seconds: float) -> str:
    """A time for people, in two units at most."""
    minutes, hours = round(seconds / 60), round(seconds / 3600)
    if hours >= 48:
        return f"{hours / 24:.1f} days"
    return f"{minutes / 60:.1f} hours" if minutes >= 120 else f"{minutes} minutes" if minutes else "less than a minute"


def _counts(seen: Preview) -> Iterator[tuple[str, str]]:
    yield "pictures", f"{seen.pictures:,} to describe, {seen.size / 1e6:,.1f} MB"
    for judgement, why in _WHY.items():
        if count := seen.judged.get(judgement):
            yield "", f"{count:,} {why}"
    if count := seen.judged.get("unnameable"):
        yield "", f"{count:,} {_RESTS}"
    if seen.derived:
        yield "sizes", derived(seen)
    for tier, size in seen.tiers.items():
        charged = "must be brought back from it first" if tier == "Archive" else "is charged for each GB that is read"
        yield "tier", f"{size / 1e9:,.3f} GB in the tier {tier}, which {charged}: see the pricing page of Blob Storage"


def derived(seen: Preview) -> str:
    """Say how many pictures look like sizes of others, what they cost, and what spares that."""
    count, systems = sum(seen.derived.values()), ",".join(seen.derived)
    if seen.derived_are_free:
        return f"looks like derived sizes ({systems}): {count:,}, which get the texts of their originals without a call"
    cost = f"would cost about {seen.derived_usd[1]:,.2f} USD" if seen.derived_usd else "would be asked about each"
    return f"looks like derived sizes: {count:,}, {cost}; RENDITIONS={systems} spares that"


def _takes(seen: Preview) -> Iterator[tuple[str, str]]:
    if not seen.pictures:
        return
    if seen.asked is None:
        yield "tokens", "not known: it is not published how this model counts pictures"
        return
    least, usual, most = seen.asked.prompt
    yield "input", f"about {usual:,} tokens ({least:,} to {most:,})"
    least, usual, most = seen.asked.answer
    yield "output", f"about {usual:,} tokens ({least:,} to {most:,}, assumed)"
    yield "based on", f"the sides of {seen.with_sides:,} of {seen.sampled:,} pictures, whose first bytes were read"
    if seen.usd:
        yield "cost", f"about {seen.usd[1]:,.2f} USD by list price ({seen.usd[0]:,.2f} to {seen.usd[2]:,.2f})"
        if half := seen.usd_in_batches:
            yield "", f"about {half[1]:,.2f} USD ({half[0]:,.2f} to {half[2]:,.2f}) with --batch, within about a day"
    else:
        yield "cost", "not known: no list price is known for the model"
    if seen.seconds is None:
        yield "time", "not known: MODEL_TOKENS_PER_MINUTE does not say the deployment's quota"
    else:
        yield "time", f"at least {duration(seen.seconds)} at the deployment's quota"
    yield "alerts", _ALERTS


def _ends(outcomes: dict[str, int]) -> str:
    ends = ", ".join(f"{count:,} {name}" for name, count in sorted(outcomes.items()))
    return f": {ends}" if ends else ""
