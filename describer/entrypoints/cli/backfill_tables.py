"""Tables for a backfill's estimate and progress."""

from collections.abc import Iterator
from typing import Any, Final

from rich.console import RenderableType

from describer.entrypoints.cli.tables import card
from describer.pipeline.backfill.counted import Preview
from describer.pipeline.backfill.selection import Judgement
from describer.pipeline.backfill.state import Backfill, BackfillOptions

_WHY: Final = {
    Judgement.MISSING: "without a record",
    Judgement.STALE: "whose record answers another request",
    Judgement.FAILED: "that failed",
    Judgement.REVIEW: "that await a review: the model is asked again",
    Judgement.CURRENT: "left out: described already, or not selected by --only",
    Judgement.EXCLUDED: "left out by IMAGES_INCLUDE, IMAGES_EXCLUDE, --include, --exclude or description_skip",
    Judgement.NOT_OURS: "left out: folders",
    Judgement.NOT_A_PICTURE: "left out: named like films, documents or tools' files",
    Judgement.OTHER_AGE: "left out by their age",
    Judgement.EMPTY: "left out: empty",
    Judgement.ARCHIVED: "left out: in the archive tier; move them to another tier first",
    Judgement.TOO_LARGE: "left out: over MAX_IMAGE_MB",
}
_UNNAMEABLE: Final = "left out: named with a segment . or .., which no program can open"
_ALERTS: Final = (
    "Meanwhile, the alerts on daily tokens and on the age of waiting work may fire; see docs/operations.md."
)


def of_preview(seen: Preview, options: BackfillOptions) -> RenderableType:
    where = f"{options.container}/{options.prefix}"
    return card([("in", where), *_counts(seen), *_takes(seen)])


def of_backfill(backfill: Backfill) -> RenderableType:
    tally, left = backfill.tally, backfill.seconds_left
    return card(
        [
            ("backfill", f"{backfill.id}: {backfill.state}"),
            ("examined", f"{backfill.found:,} blobs{'' if backfill.listed else ' so far'}"),
            ("queued", f"{backfill.enqueued:,}"),
            ("processed", f"{tally.done:,}{_ends(tally.outcomes)}"),
            ("in progress", f"{backfill.under_way:,}, of which {backfill.under_way - backfill.fresh:,} deferred"),
            ("cost", f"about {tally.usd:.6f} USD by list price; {tally.tokens:,} tokens"),
            *([("left", f"about {duration(left)} for what is queued")] if left else []),
        ]
    )


def headline(backfill: Backfill) -> str:
    """Return the progress for the line beside the bar."""
    return f"{backfill.found:,} examined, {backfill.under_way:,} in progress, about {backfill.tally.usd:.4f} USD"


def facts(backfill: Backfill) -> dict[str, Any]:
    tally = backfill.tally
    return {
        "id": backfill.id,
        "state": backfill.state,
        "found": backfill.found,
        "passed": backfill.passed,
        "enqueued": backfill.enqueued,
        "ended": tally.done,
        "outcomes": tally.outcomes,
        "under_way": backfill.under_way,
        "usd": round(tally.usd, 6),
        "tokens": tally.tokens,
        "seconds_left": backfill.seconds_left,
    }


def duration(seconds: float) -> str:
    minutes, hours = round(seconds / 60), round(seconds / 3600)
    if hours >= 48:
        return f"{hours / 24:.1f} days"
    if minutes >= 120:
        return f"{minutes / 60:.1f} hours"
    return {0: "less than a minute", 1: "1 minute"}.get(minutes, f"{minutes} minutes")


def _counts(seen: Preview) -> Iterator[tuple[str, str]]:
    yield "pictures", f"{seen.pictures:,} to describe, {seen.size / 1e6:,.1f} MB"
    for judgement, why in _WHY.items():
        if count := seen.judged.get(judgement):
            yield "", f"{count:,} {why}"
    if count := seen.judged.get("unnameable"):
        yield "", f"{count:,} {_UNNAMEABLE}"
    if seen.derived:
        yield "sizes", derived(seen)
    for tier, size in seen.tiers.items():
        charged = "must be moved out of it first" if tier == "Archive" else "is charged for each GB that is read"
        yield "tier", f"{size / 1e9:,.3f} GB in the tier {tier}, which {charged}: see the pricing page of Blob Storage"


def _usd(amount: float) -> str:
    """Return cents, or hundredths of a cent for less than a dollar: a few pictures cost less than a cent."""
    return f"{amount:,.2f}" if amount >= 1 else f"{amount:.4f}"


def derived(seen: Preview) -> str:
    """Return a sentence on derived sizes: their number, their cost, and the setting that avoids it."""
    count, systems = sum(seen.derived.values()), ",".join(seen.derived)
    if seen.derived_are_free:
        return f"looks like derived sizes ({systems}): {count:,}, which get their originals' texts without a model call"
    cost = f"would cost about {seen.derived_usd[1]:,.2f} USD" if seen.derived_usd else "would each need a model call"
    return f"looks like derived sizes: {count:,}, {cost}; RENDITIONS={systems} avoids that"


def _takes(seen: Preview) -> Iterator[tuple[str, str]]:
    if not seen.pictures:
        return
    if seen.asked is None:
        yield "tokens", "unknown: this model's token rule for pictures is not published"
        return
    least, usual, most = seen.asked.prompt
    yield "input", f"about {usual:,} tokens ({least:,} to {most:,})"
    least, usual, most = seen.asked.answer
    yield "output", f"about {usual:,} tokens ({least:,} to {most:,}, assumed)"
    yield "based on", f"the sides of {seen.with_sides:,} of {seen.sampled:,} pictures, whose first bytes were read"
    if seen.usd:
        yield "cost", f"about {_usd(seen.usd[1])} USD by list price ({_usd(seen.usd[0])} to {_usd(seen.usd[2])})"
        if half := seen.usd_in_batches:
            yield "", f"about {_usd(half[1])} USD ({_usd(half[0])} to {_usd(half[2])}) with --batch, within about a day"
    else:
        yield "cost", "unknown: the model has no list price"
    if seen.seconds is None:
        yield "time", "unknown: MODEL_TOKENS_PER_MINUTE is not set"
    else:
        yield "time", f"at least {duration(seen.seconds)} at the deployment's quota"
    yield "alerts", _ALERTS


def _ends(outcomes: dict[str, int]) -> str:
    ends = ", ".join(f"{count:,} {name}" for name, count in sorted(outcomes.items()))
    return f": {ends}" if ends else ""
