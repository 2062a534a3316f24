"""Calculates costs: your pictures, a month without uploads, and 10,000 pictures.

`python -m infra.cost` prints it, `--write` writes docs/cost.md. Models' prices are in describer/vision/models.toml,
all others in prices.toml; the committed snapshots give the numbers of resources. Prices that are missing there are not
guessed: the document names the page to look them up.
"""

import argparse
import datetime as dt
import json
import sys
import textwrap
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from describer.domain.record import Usage
from describer.settings import Settings
from describer.vision import estimate, families, image_tokens, pricing
from describer.vision.brief import Brief

HERE: Final = Path(__file__).parent
DOCUMENT: Final = HERE.parent / "docs" / "cost.md"
PICTURES: Final = 10_000
FAMILIES: Final = ("gpt-6-luna", "gpt-5.6-luna", "gpt-5.4-nano", "gpt-5.4-mini", "gpt-5-mini")
LIBRARIES: Final = (1_000, 10_000, 60_000, 1_000_000)
CACHED: Final = "gpt-5.6-luna"
THRESHOLD: Final = 1024
"""Minimum tokens of a cached prompt: OpenAI's guide "Prompt caching"."""
SMALL_PHOTO: Final = 410
"""A limit on a photograph's tokens that keeps a prompt under the threshold."""
DEFAULT_QUOTA: Final = 100_000
"""Tokens a minute: MODEL_CAPACITY of main.bicep, in thousands."""
ANSWER_CAP: Final = int(Settings.model_fields["max_completion_tokens"].default)
MEMORY_GB: Final = 2
ZONAL: Final = 14
"""Two for each of: the group `blob`, the group `http` (webhooks and MCP included), and the five functions of queues."""

DEFAULT_MODEL: Final = (
    "**Why `gpt-5.6-luna` is the default** although `gpt-6-luna` costs less: OpenAI publishes how GPT-5.6 counts a "
    "picture's tokens, so the app can choose the size, estimate the cost and keep to the quota. For GPT-6 Luna "
    "these rules "
    "are not published; the table assumes those of GPT-5.6, and so its price is a guess. If your region offers "
    "`gpt-6-luna`, choose it with `azd env set MODEL_NAME` and `MODEL_VERSION`. We did not compare their descriptions."
)

OPERATIONS: Final = 6
"""Event Grid's operations for a picture: its event in and out, and the filter on it; the events of the two sidecars,
which are published and match no subscription; the app's own events. Deliveries to your subscribers are extra."""


WRITES: Final = 7
"""The record, the text that copies share, the metadata, and four of the queue on the route blobTrigger."""

READS: Final = 10
"""Properties, bytes and records; a picture with small text or with copies needs more."""


@dataclass(frozen=True, slots=True)
class Assumed:
    """Assumptions about a picture; see prices.toml."""

    width: int
    height: int
    output_tokens: int
    seconds_per_picture: int
    concurrent_per_instance: int
    log_kb_per_picture: int
    record_kb: int
    hours_per_month: int


@dataclass(frozen=True, slots=True)
class Piece:
    """An item of the bill; `each` is None if its price is unknown."""

    name: str
    unit: str
    page: str
    each: Decimal | None = None
    free: str = ""
    source: str = ""


def document(changes: Mapping[str, int] | None = None) -> str:
    """Return docs/cost.md, or the same for your own figures."""
    table = tomllib.loads((HERE / "prices.toml").read_text(encoding="utf-8"), parse_float=Decimal)
    assumed = Assumed(**(table["assumed"] | dict(changes or {})))
    pieces = [Piece(**row) for row in table["piece"]]
    return "\n".join(
        [
            *_head(table["checked"]),
            *_libraries(assumed),
            *_idle({piece.name: piece for piece in pieces}, assumed),
            *_pictures(assumed),
            *_cache(assumed),
            *_rest({piece.name: piece for piece in pieces}, assumed),
            *_sources(pieces),
        ]
    )


def _head(checked: dt.date) -> list[str]:
    return [
        "# What it costs",
        "",
        *_prose(
            "This page estimates what you pay. `python -m infra.cost --write` generates it from list prices in US "
            "dollars, "
            f"without tax, free grants and discounts; prices of models as of {families.checked()}, of other "
            f"services as of "
            f"{checked} or later. No figure comes from a bill. The last table says where each price comes from; "
            f"many are quoted at "
            "second hand, so check Azure's own page before you rely on one."
        ),
        "",
    ]


def _libraries(assumed: Assumed) -> list[str]:
    """Return the model's cost for so many pictures, and the time that its quota requires."""
    quotas = (DEFAULT_QUOTA, 10 * DEFAULT_QUOTA)
    lines = [
        "## What do my pictures cost?",
        "",
        *_prose(
            f"The model's list price for photographs of {assumed.width}x{assumed.height} pixels, with answers of "
            f"{assumed.output_tokens} tokens for each language. `describer backfill` shows the price of your own "
            f"pictures, "
            "from their sizes, before it calls the model: [existing-pictures.md](existing-pictures.md). The time is "
            "the "
            f"shortest that the quota allows: Azure counts the input and `MAX_COMPLETION_TOKENS` ({ANSWER_CAP:,}) "
            f"of each "
            f"call. `MODEL_CAPACITY` is {quotas[0]:,} tokens a minute by default."
        ),
        "",
        f"| Model | Languages | Asked | {' | '.join(f'{count:,}' for count in LIBRARIES)} |",
        f"| --- | --- | --- |{' --- |' * len(LIBRARIES)}",
    ]
    for name in FAMILIES:
        for languages in (("en",), ("en", "de")):
            each = _dollars_each(name, languages, assumed)
            for way, share in (("directly", Decimal(1)), ("by batches", pricing.BATCH_SHARE)):
                costs = ("?" if each is None else _money(each * share * count) for count in LIBRARIES)
                lines.append(f"| `{name}` | {len(languages)} | {way} | {' | '.join(costs)} |")

    def times(quota: int) -> str:
        return " | ".join(_time(count, quota, assumed) for count in LIBRARIES)

    lines += [f"| time at {quota:,} tokens a minute | 1 | directly | {times(quota)} |" for quota in quotas]
    day = " | ".join(["about a day"] * 2 + ["days: see its quota"] * 2)
    return [*lines, f"| time | any | by batches | {day} |", "", *_prose(DEFAULT_MODEL), ""]


def _dollars_each(name: str, languages: tuple[str, ...], assumed: Assumed) -> Decimal | None:
    family = _family(name)
    asked = estimate.question_tokens(Brief(languages, name, "high", ANSWER_CAP)) + _picture_tokens(family, assumed)
    return pricing.price(family, Usage(prompt_tokens=asked, completion_tokens=assumed.output_tokens * len(languages)))


def _time(pictures: int, quota: int, assumed: Assumed) -> str:
    family = _family(FAMILIES[0])
    each = prompt_tokens(assumed) + _picture_tokens(family, assumed) + ANSWER_CAP
    hours = pictures * each / quota / 60
    return f"{hours / 24:.1f} days" if hours >= 48 else f"{hours:.1f} hours" if hours >= 2 else f"{hours * 60:.0f} min"


def _family(name: str) -> families.Family:
    found = families.family(name)
    if found is None:
        raise ValueError(f"{name} is not in describer/vision/models.toml")
    return found


def _picture_tokens(family: families.Family, assumed: Assumed) -> int:
    width, height = image_tokens.fit(family, assumed.width, assumed.height)
    return image_tokens.image_tokens(family, width, height, "high") or 0


def _idle(pieces: Mapping[str, Piece], assumed: Assumed) -> list[str]:
    endpoint, zone = pieces["Private endpoint"], pieces["Private DNS zone"]
    on_logs, on_metrics = pieces["Alert rule on logs, each 15 minutes"], pieces["Alert rule on a metric"]
    ready = pieces["Functions: always-ready instance"]
    instance = (ready.each or Decimal(0)) * MEMORY_GB * assumed.hours_per_month * 3600
    lines = [
        "## A month without uploads",
        "",
        *_prose(
            "Without uploads the app scales to zero and the model costs nothing. You pay for storage, alert rules, "
            "always-ready instances if you choose them, and private endpoints under network isolation. The counts come "
            "from the snapshots of four sample installations."
        ),
        "",
        "| Installation | Private endpoints | DNS zones | Network, per month | Alert rules | Always-ready instances |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name in ("dev", "prod", "isolated", "existing"):
        counts = _counts(name)
        network = counts["endpoints"] * (endpoint.each or 0) * assumed.hours_per_month + counts["zones"] * (
            zone.each or 0
        )
        alerts = counts["log alerts"] * (on_logs.each or 0) + counts["metric alerts"] * (on_metrics.each or 0)
        lines.append(
            f"| {name} | {counts['endpoints']} | {counts['zones']} | {_money(Decimal(network))} | "
            f"{_money(Decimal(alerts))} ({counts['log alerts']} on logs, {counts['metric alerts']} on metrics) | "
            + (f"{counts['ready']}: about {_money(counts['ready'] * instance)} |" if counts["ready"] else "0 |")
        )
    return [
        *lines,
        "",
        *_prose(
            "`ZONE_REDUNDANT` keeps two instances always ready in each scale group of the app (uploads, HTTP, "
            f"and each function of a queue), {ZONAL} in all, at about {_money(ZONAL * instance)} a month. Storage "
            f"in zones "
            "also costs more than `Standard_LRS`."
        ),
        "",
    ]


def _pictures(assumed: Assumed) -> list[str]:
    text = prompt_tokens(assumed)
    lines = [
        f"## {PICTURES:,} pictures: the model",
        "",
        *_prose(
            f"Photographs of {assumed.width}x{assumed.height} pixels at detail `high`, in the size that the app "
            f"chooses for the model, with a question of about {text:,} tokens (the prompt and the schema for one "
            f"language, at {estimate.CHARACTERS_PER_TOKEN} characters a token). We assume answers of "
            f"{assumed.output_tokens} tokens; a page of text or a chart takes more, and each further "
            "language adds its texts."
        ),
        "",
        "| Model | Sent as | Tokens of the picture | Input | Output | Cost |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += [_row(name, text, assumed) for name in FAMILIES]
    return [
        *lines,
        "",
        *_prose(
            "Copies of a picture, and pictures that already have their record, cost nothing. Regional deployments "
            "(`Standard`, `DataZoneStandard`) may cost more."
        ),
        "",
    ]


def _cache(assumed: Assumed) -> list[str]:
    """Return the cost of the service's prompt cache, and how to stay under its threshold."""
    family, text = _family(CACHED), prompt_tokens(assumed)
    whole = text + _picture_tokens(family, assumed)
    small = image_tokens.fit(family, assumed.width, assumed.height, bounds=image_tokens.Bounds(tokens=SMALL_PHOTO))
    less = text + (image_tokens.image_tokens(family, *small, "high") or 0)
    kept, anew, smaller = (
        _money(pricing.price(family, Usage(**used)) or Decimal(0))
        for used in (
            {"prompt_tokens": whole * PICTURES, "cache_write_tokens": whole * PICTURES},
            {"prompt_tokens": whole * PICTURES},
            {"prompt_tokens": less * PICTURES},
        )
    )
    return [
        "## The cache of prompts",
        "",
        *_prose(
            f"A photograph's prompt takes about {whole:,} tokens ({text:,} of them the question). The service keeps "
            f"prompts of {THRESHOLD:,} tokens and more, up to their end, which is the picture, so that no other prompt "
            "can use what was kept. From GPT-5.6 on keeping costs a quarter of the input: the input of "
            f"{PICTURES:,} photographs on `{CACHED}` would cost {kept} instead of {anew}. So the app asks that "
            "nothing be kept (`prompt_cache_options`); a server that does not know that is asked without, and the log "
            "says so (`model.adapted`). Records count what was read from a cache and what was kept, at their own "
            "prices. Not run against Azure."
        ),
        "",
        *_prose(
            f"With the picture as it is sent, no prompt stays under {THRESHOLD:,} tokens: the question would have "
            f"to take {THRESHOLD - whole + text:,}. `IMAGE_PHOTO_TOKENS={SMALL_PHOTO}` does: photographs are sent at "
            f"{small[0]}x{small[1]}, {less:,} tokens in all, and the input costs {smaller}. What a model no longer "
            "sees then was not measured."
        ),
        "",
    ]


def prompt_tokens(assumed: Assumed) -> int:
    """Return the approximate tokens of the question without the picture."""
    return estimate.question_tokens(Brief(("en",), "any", "high", assumed.output_tokens))


def _row(name: str, text: int, assumed: Assumed) -> str:
    family, (width, height) = _family(name), image_tokens.fit(_family(name), assumed.width, assumed.height)
    picture = _picture_tokens(family, assumed)
    prompted, answered = (text + picture) * PICTURES, assumed.output_tokens * PICTURES
    dollars = pricing.price(family, Usage(prompt_tokens=prompted, completion_tokens=answered))
    price = "see the pricing page" if dollars is None else _money(dollars)
    return f"| `{name}` | {width}x{height} | {picture:,} | {prompted / 1e6:.1f} M | {answered / 1e6:.1f} M | {price} |"


def _rest(pieces: Mapping[str, Piece], assumed: Assumed) -> list[str]:
    seconds = PICTURES * assumed.seconds_per_picture * MEMORY_GB // assumed.concurrent_per_instance
    amounts: dict[str, tuple[int | Decimal, str]] = {
        "Functions, Flex Consumption: execution": (
            seconds,
            f"{assumed.seconds_per_picture} s of a 2 GB instance each, assumed",
        ),
        "Functions, Flex Consumption: runs": (PICTURES, "one each"),
        "Event Grid: operations": (PICTURES * OPERATIONS, f"{OPERATIONS} each"),
        "Logs: GB": (
            Decimal(PICTURES * assumed.log_kb_per_picture) / 10**6,
            f"{assumed.log_kb_per_picture} KB each, assumed",
        ),
        "Storage: GB and month": (
            Decimal(PICTURES * assumed.record_kb) / 10**6,
            f"a record of {assumed.record_kb} KB each, assumed; your pictures come on top",
        ),
        "Storage: write operations": (PICTURES * WRITES, f"{WRITES} each: record, copies' text, metadata, queue"),
        "Storage: read operations": (PICTURES * READS, f"{READS} each, assumed"),
    }
    lines = [
        f"## {PICTURES:,} pictures: the rest",
        "",
        "| Piece | Amount | Free | Cost without the free amount |",
        "| --- | --- | --- | --- |",
    ]
    for name, (amount, why) in amounts.items():
        piece = pieces[name]
        price = "see the pricing page" if piece.each is None else _money(piece.each * amount)
        lines.append(f"| {name} | {amount:,} ({why}) | {piece.free or 'nothing'} | {price} |")
    total = sum(((pieces[name].each or Decimal(0)) * amount for name, (amount, _) in amounts.items()), Decimal(0))
    lines.append(f"| Total | | | {_money(total)} |")
    return [
        *lines,
        "",
        *_prose(
            "The amounts that are assumed show the order of magnitude; nothing was measured on Azure. "
            "`dailyLogCapGb` limits "
            "the cost of logs, `dailyTokensThousand` sets the alert on tokens, and `DAILY_BUDGET_USD` limits the "
            "model's cost "
            "in a day: pictures beyond it wait for the next day, see [operations.md](operations.md#over-budget)."
        ),
        "",
    ]


def _sources(pieces: Sequence[Piece]) -> list[str]:
    lines = ["## Prices used", "", "| Piece | Price | Per | Quoted from | Look up |", "| --- | --- | --- | --- | --- |"]
    lines += [
        f"| {piece.name} | {'unknown to us' if piece.each is None else f'{piece.each:f}'} | {piece.unit} | "
        f"{piece.source or 'nothing'} | <{piece.page}> |"
        for piece in pieces
    ]
    return [*lines, ""]


def _counts(name: str) -> dict[str, int]:
    resources: list[dict[str, Any]] = json.loads(
        (HERE / "params" / f"{name}.snapshot.json").read_text(encoding="utf-8")
    )["predictedResources"]
    kinds = [resource["type"] for resource in resources]
    (site,) = [resource for resource in resources if resource["type"] == "Microsoft.Web/sites"]
    ready = site["properties"]["functionAppConfig"]["scaleAndConcurrency"]["alwaysReady"]
    return {
        "endpoints": kinds.count("Microsoft.Network/privateEndpoints"),
        "zones": kinds.count("Microsoft.Network/privateDnsZones"),
        "metric alerts": kinds.count("Microsoft.Insights/metricAlerts"),
        "log alerts": kinds.count("Microsoft.Insights/scheduledQueryRules"),
        "ready": sum(row["instanceCount"] for row in ready),
    }


def _prose(text: str) -> list[str]:
    return textwrap.wrap(text, 118, break_long_words=False, break_on_hyphens=False)


def _money(dollars: Decimal) -> str:
    return f"${dollars:,.2f}" if not dollars or dollars >= Decimal("0.01") else "under $0.01"


def main() -> int:
    """Print the document, or write it."""
    parser = argparse.ArgumentParser(prog="python -m infra.cost", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write docs/cost.md, with the figures of prices.toml")
    for name in Assumed.__dataclass_fields__:
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, help="instead of that in prices.toml")
    arguments = vars(parser.parse_args())
    if arguments.pop("write"):
        DOCUMENT.write_text(document(), encoding="utf-8")
    else:
        print(document({name: value for name, value in arguments.items() if value is not None}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
