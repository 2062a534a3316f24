"""Determines which requested languages are answered already, and merges answers in additional languages.

A language is answered if the model was asked for it with an equal request, regardless of the other languages in it. So
a stored language is never paid for again, and a new one is requested alone.
"""

from collections.abc import Sequence
from typing import Final

from describer.domain.history import Answered, DescriptionState, Request
from describer.domain.record import Cost, Record
from describer.domain.request import DescriptionRequest
from describer.domain.review import ANSWERED, Word, word_on
from describer.domain.status import Status
from describer.domain.texts import FACTS, TEXT_FIELDS, Keyed, Provenance, Review, Value, is_text, key_of, split_key

_RETRIED: Final = frozenset({Status.FAILED, Status.TOO_LARGE, Status.UNSUPPORTED})
"""Statuses that are retried for the same bytes, since the model, a limit or an installed codec may have changed."""
_HAVE_TEXTS: Final = ANSWERED | {Status.KEPT}


def left(known: DescriptionState, brief: DescriptionRequest) -> tuple[str, ...]:
    """Return the languages of `brief` to ask the model for; none if a person's decision forbids it."""
    if word_on(known) in {Word.REJECTED, Word.EMPTIED}:
        return ()
    if is_retried(known, brief):
        return brief.languages
    found = tuple(tag for tag in brief.languages if not (_is_approved(known, tag) or _is_answered(known, tag, brief)))
    return found if known.ended.status in _HAVE_TEXTS or not found else brief.languages


def is_retried(known: DescriptionState, brief: DescriptionRequest) -> bool:
    """Return whether these bytes are tried again; corrupt ones only with another decoder."""
    corrupt_for_others = known.ended.status is Status.CORRUPT and known.reader != brief.decoders
    return known.ended.status in _RETRIED or corrupt_for_others


def joined(known: Record | None, made: Record, brief: DescriptionRequest, asked: Sequence[str]) -> Record:
    """Return the new answer merged with what is known of the same bytes in other languages.

    Args:
        known: the record of these bytes, or None.
        made: the record of the model's answer or failure in the languages `asked`.
        brief: the whole request.
        asked: the languages of `brief` that were missing.
    """
    is_partial = tuple(asked) != brief.languages
    if known is None or not _has_others(known, asked) or not (is_partial or _chose(brief)):
        return made
    request = Request.of(brief)
    if request and _chose(brief):
        languages = tuple(dict.fromkeys((*languages_of(known), *asked)))
        request = request.model_copy(update={"languages": languages})
    common = {
        "request": request,
        "usage": known.usage.plus(made.usage),
        "cost": _added_cost(known.cost, made.cost),
        "answers": (*answers_of(known), *made.answers),
    }
    if made.ended.status not in ANSWERED:
        missing = known.missing | dict.fromkeys(asked, made.ended)
        in_vain = missing == known.missing  # the outcome is already recorded and published
        return known if in_vain else known.model_copy(update=common | {"missing": missing})
    return _with_texts(known, made, asked).model_copy(update=common | _state(known, made, asked))


def led_as_asked(known: Record, brief: DescriptionRequest) -> Record:
    """Return `known` with the settings' default language at the top, unless a person's text is there.

    A caller's request for languages does not change the stored order.
    """
    of_people = not known.of_people().keys().isdisjoint(TEXT_FIELDS)
    stays = of_people or _chose(brief) or brief.language not in known.translations
    return known if stays else known.led_by(brief.language)


def shown_in(record: Record, language: str) -> Record:
    """Return the record for a reader of this language: its texts at the top, with their status."""
    led = record.led_by(language)
    if led is record:
        return record
    lacking = led.missing.get(language)
    if lacking and not led.alt_text:
        led = led.model_copy(update={"status": lacking.status, "reason": lacking.reason, "outcome": None})
    return led.judged(led.demand)


def answers_of(known: DescriptionState) -> tuple[Answered, ...]:
    """Return the requests to the model; for an older record without them, one with all its languages."""
    return known.answers or (Answered(languages=languages_of(known), fingerprint=known.fingerprint),)


def languages_of(known: DescriptionState) -> tuple[str, ...]:
    """Return the default language and those of the translations."""
    return (known.language, *known.translations)


def _is_approved(known: DescriptionState, language: str) -> bool:
    entry = known.provenance.get(key_of("alt_text", language, known.language))
    return entry is not None and entry.review == Review.APPROVED


def _is_answered(known: DescriptionState, language: str, brief: DescriptionRequest) -> bool:
    lacking = known.missing.get(language)
    if lacking and lacking.status in _RETRIED:
        return False
    newest = next((answer for answer in reversed(answers_of(known)) if language in answer.languages), None)
    return newest is not None and brief.in_languages(newest.languages).fingerprint == newest.fingerprint


def _has_others(known: Record, asked: Sequence[str]) -> bool:
    return known.ended.status in _HAVE_TEXTS and not set(languages_of(known)) <= set(asked)


def _chose(brief: DescriptionRequest) -> bool:
    return "languages" in brief.chosen


def _with_texts(known: Record, made: Record, asked: Sequence[str]) -> Record:
    """Return `known` with the model's texts in these languages; precedence.py restores people's texts afterwards."""
    led = made.led_by(known.language)
    facts = FACTS if known.language in asked else ()

    def is_new(key: str) -> bool:
        return (split_key(key)[0] or known.language) in asked if is_text(key) else key in facts

    values: Keyed[Value] = {key: value for key, value in led.values().items() if is_new(key)}
    old: Keyed[Value] = {key: "" for key in known.values() if is_new(key) and key not in FACTS}
    provenance: Keyed[Provenance] = {key: entry for key, entry in led.provenance.items() if is_new(key)}
    kept = {key: entry for key, entry in known.provenance.items() if not is_new(key)}
    return known.replacing(old | values, {}).model_copy(update={"provenance": kept | provenance})


def _state(known: Record, made: Record, asked: Sequence[str]) -> dict[str, object]:
    """Return the combined outcome: the worse of both, unless the default language was requested again."""
    texts = {made.language: made.alt_text} | {tag: found.alt_text for tag, found in made.translations.items()}
    lacking = () if made.is_decorative else (tag for tag in asked if not texts.get(tag))
    missing = {tag: ended for tag, ended in known.missing.items() if tag not in asked}
    is_default_asked = known.language in asked
    ends = [made.ended] if is_default_asked else [end for end in (known.ended, made.ended) if end.status != Status.KEPT]
    end = next((end for end in ends if end.status is Status.NEEDS_REVIEW), ends[0])
    return {
        "status": end.status,
        "reason": end.reason,
        "outcome": None,
        "flags": made.flags if is_default_asked else tuple(dict.fromkeys((*known.flags, *made.flags))),
        "missing": missing | dict.fromkeys(lacking, made.ended),
        "model": made.model or known.model,
        "sent": made.sent or known.sent,
        "prepared": made.prepared or known.prepared,
        "fingerprint": made.fingerprint,
        "at": made.at,
        "source": made.source,
    }


def _added_cost(first: Cost | None, second: Cost | None) -> Cost | None:
    if first is None or second is None:
        return second or first
    return Cost(
        priced_as=second.priced_as,
        usd=first.usd + second.usd,
        usd_expected=_sum(first.usd_expected, second.usd_expected),
        usd_unshrunk=_sum(first.usd_unshrunk, second.usd_unshrunk),
    )


def _sum(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first + second
