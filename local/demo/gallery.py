"""Writes the page with the results: one HTML file without scripts, beside small copies of the pictures.

Names and texts are untrusted (from files, a model, a picture): all pass through `_safe`.
"""

import base64
import hashlib
import html
import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote

from local.demo.pictures import Picture
from local.demo.result import Lost, Result, Totals, dollars

_HERE = Path(__file__).parent
STATUSES = {
    "described": "Described",
    "needs_review": "Needs review",
    "kept": "Kept: a person wrote it",
    "filtered": "Filtered",
    "unsupported": "Not readable",
    "corrupt": "Damaged",
    "too_large": "Too large",
    "archived": "Archived",
    "failed": "Failed",
    "lost": "No record",
}
_BREAKS = frozenset("\n\t")


def page(
    results: Sequence[Result], lost: Sequence[Lost], copies: Mapping[Picture, str], *, caption: str, free: bool
) -> str:
    """Return the page's HTML.

    Args:
        results: pictures with their records, in the order of the page.
        lost: those without one; shown last.
        copies: relative path of a small copy, by picture; pictures without one get a text instead.
        caption: the author, such as "described by the local stand-in".
        free: whether a stand-in described, at no cost.

    """
    cards = [_card(result, copies.get(result.picture)) for result in results]
    cards += [_lost(each) for each in lost]
    style = (_HERE / "page.css").read_text("utf-8")
    counted = in_order(Counter([*(result.status for result in results), *("lost" for _ in lost)]))
    totals = Totals.of(results)
    tokens = f"{totals.prompt_tokens:,} in, {totals.completion_tokens:,} out"
    return Template((_HERE / "page.html").read_text("utf-8")).substitute(
        style=style,
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        caption=_safe(caption[:1].upper() + caption[1:]),
        count=_count(len(cards), "picture"),
        outcomes=_safe(outcomes(counted)),
        statuses="".join(f"<li>{_badge(status)} {number}</li>" for status, number in counted.items()),
        tokens=tokens,
        cost=_safe(totals.cost(free=free)),
        cards="\n".join(cards) or "<li><p>There are no pictures.</p></li>",
    )


def outcomes(counted: Mapping[str, int]) -> str:
    """Return a summary such as "17 described, 2 need review, 3 damaged"."""
    words = {status: text.partition(":")[0].lower() for status, text in STATUSES.items()}
    if counted.get("needs_review", 0) > 1:
        words["needs_review"] = "need review"
    return ", ".join(f"{number} {words.get(status, status)}" for status, number in in_order(counted).items())


def in_order(counted: Mapping[str, int]) -> dict[str, int]:
    """Return the counts in the order of `STATUSES`: first those with texts."""
    order = [*STATUSES, *counted]
    return {status: counted[status] for status in sorted(counted, key=order.index)}


def _card(result: Result, copy: str | None) -> str:
    record = result.sidecar
    language = _safe(record.get("language") or "en")
    alt = result.alt_text
    parts = [f'<div class="badges">{_badge(result.status)}{_model(record)}</div>']
    parts.append(f'<h3 dir="auto">{_safe(result.picture.name)}</h3>')
    if reason := record.get("reason"):
        parts.append(f"<p>{_safe(reason)}</p>")
    if alt:
        read = ' aria-hidden="true"' if copy else ""  # a screen reader reads the img's, once
        text = f'<p class="alt" lang="{language}" dir="auto">{_safe(alt)}</p>'
        parts.append(f'<div{read}><p class="label">Alt text</p>{text}</div>')
    if record.get("is_decorative") and not alt:
        parts.append('<p class="label">Alt text</p><p class="alt">Empty, because the picture is decorative.</p>')
    if (description := record.get("description")) and description != alt:
        parts.append(f'<p class="label">Description</p><p lang="{language}" dir="auto">{_safe(description)}</p>')
    facts = "".join(f"<li>{fact}</li>" for fact in _facts(result))
    parts += [*_details(result, language), f'<ul class="facts">{facts}</ul>']
    return _figure(_picture(copy, _image_text(result), language if alt else "en"), parts)


def _lost(lost: Lost) -> str:
    parts = [_badge("lost"), f'<h3 dir="auto">{_safe(lost.picture.name)}</h3>', f"<p>{_safe(lost.why)}</p>"]
    return _figure(_picture(None, "", "en"), parts)


def _figure(picture: str, parts: Iterable[str]) -> str:
    return f"<li><figure>{picture}<figcaption>{''.join(parts)}</figcaption></figure></li>"


def _image_text(result: Result) -> str:
    """Return the alt text, or, for a picture without one, that it has none: it is not decorative."""
    missing = "" if result.sidecar.get("is_decorative") else f"{result.picture.name}: no alt text"
    return result.alt_text or missing


def _picture(copy: str | None, alt: str, language: str) -> str:
    if copy is None:
        return '<div class="well"><p>No preview</p></div>'
    spoken = f' lang="{language}" dir="{_direction(alt)}"' if alt else ""
    return f'<div class="well"><img src="{_safe(quote(copy))}"{spoken} alt="{_safe(alt)}" loading="lazy"></div>'


def _direction(text: str) -> str:
    """Return the direction of the first strong character; `dir="auto"` needs an element's text, which an img lacks."""
    strong = (unicodedata.bidirectional(char) for char in text)
    return "rtl" if next((kind for kind in strong if kind in {"L", "R", "AL"}), "L") != "L" else "ltr"


def _badge(status: str) -> str:
    known = status if status in STATUSES else "failed"
    return f'<span class="badge {known}">{_safe(STATUSES.get(status, status))}</span>'


def _model(record: Mapping[str, Any]) -> str:
    """Return the authors of the texts."""
    return f'<span class="badge model">{_safe(record["model"])}</span>' if record.get("model") else ""


def _details(result: Result, language: str) -> Iterator[str]:
    record = result.sidecar
    texts: list[str] = []
    if extended := record.get("extended_description"):
        texts.append(f'<h4>Extended description</h4><p class="long" lang="{language}" dir="auto">{_safe(extended)}</p>')
    if visible := record.get("visible_text"):
        texts.append(f'<h4>Visible text</h4><p class="read" dir="auto">{_safe(visible)}</p>')
    for tag, translation in (record.get("translations") or {}).items():
        lines = "".join(f"<p>{_safe(text)}</p>" for text in translation.values() if text)
        texts.append(f'<h4>In {_safe(tag)}</h4><div lang="{_safe(tag)}" dir="auto">{lines}</div>')
    if tags := record.get("tags"):
        items = "".join(f"<li>{_safe(tag)}</li>" for tag in tags)
        texts.append(f'<h4>Tags</h4><ul class="tags" lang="{language}">{items}</ul>')
    name = f'<span class="hidden"> of {_safe(result.picture.name)}</span>'
    if texts:
        yield f"<details><summary>All texts{name}</summary>{''.join(texts)}</details>"
    yield f"<details><summary>Blob metadata{name}</summary>{_pairs(result.metadata)}</details>"
    rest = {key: value for key, value in record.items() if value not in (None, "", [], {}) and key not in _SHOWN}
    yield f"<details><summary>The rest of the record{name}</summary>{_pairs(rest)}</details>"


_SHOWN = frozenset(
    {"alt_text", "description", "extended_description", "visible_text", "tags", "translations", "language", "reason"}
)


def _pairs(pairs: Mapping[str, Any]) -> str:
    rows = (f"<dt>{_safe(name)}</dt><dd>{_value(value)}</dd>" for name, value in pairs.items())
    return f"<dl>{''.join(rows)}</dl>"


def _value(value: Any) -> str:
    return _safe(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _facts(result: Result) -> Iterator[str]:
    source, sent, cost = (result.sidecar.get(name) or {} for name in ("source", "sent", "cost"))
    if source.get("width"):
        yield _safe(f"{source.get('format')} {source['width']} by {source['height']}")
    if sent:
        yield _safe(f"sent {sent.get('width')} by {sent.get('height')}, {_size(sent.get('size', 0))}")
    if cost:
        yield _safe(dollars(cost["usd"]))
    yield f"{result.seconds:.1f} s"


def _size(size: int) -> str:
    return f"{size / 1024:,.0f} KB" if size < 1_000_000 else f"{size / 2**20:,.1f} MB"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _safe(text: object) -> str:
    """Escape text for HTML's text and attributes; control characters, which HTML forbids, become U+FFFD."""
    return html.escape("".join(char if char >= " " or char in _BREAKS else "\ufffd" for char in str(text)))
