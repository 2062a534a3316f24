"""Computes what an answer costs; the only module that applies list prices."""

from decimal import Decimal

from describer.domain.record import Cost, Sent, Usage
from describer.vision.families import Family

_MILLION = Decimal(1_000_000)
BATCH_SHARE = Decimal("0.5")
"""Share of the usual price in a batch: learn.microsoft.com/azure/foundry/openai/how-to/batch."""


def price(family: Family, usage: Usage) -> Decimal | None:
    """Return the list price of the used tokens in US dollars, or None if the family's price is unknown.

    Regional or negotiated prices are not taken into account. The tokens are those of the answers' `usage`:
    are counted in the prompt, and reasoning in the completion. Tokens read from or written to the server's cache have
    their own prices; if a server reports more of them than prompt tokens, the prompt's number is used.
    """
    if family.price is None:
        return None
    read = min(usage.cached_tokens, usage.prompt_tokens)
    kept = min(usage.cache_write_tokens, usage.prompt_tokens - read)
    uncached = usage.prompt_tokens - read - kept
    each = family.price
    cached, written = each.cached or each.input, each.cache_write or each.input
    whole = each.input * uncached + cached * read + written * kept + each.output * usage.completion_tokens
    in_batches = each.input * usage.batch_prompt_tokens + each.output * usage.batch_completion_tokens
    return (whole - (1 - BATCH_SHARE) * in_batches) / _MILLION


def cost(family: Family, usage: Usage, sent: Sent, expected: Usage | None = None) -> Cost | None:
    """Return the cost of the calls for one picture, or None if the family has no price.

    The cost at full size and the expected cost are separate figures that many families cannot have; they may be None.
    """
    paid = price(family, usage)
    if paid is None:
        return None
    saved = _saved(usage, sent)
    whole = None if saved is None else usage.model_copy(update={"prompt_tokens": usage.prompt_tokens + saved})
    return Cost(
        priced_as=family.name,
        usd=float(paid),
        usd_expected=_usd(family, expected),
        usd_unshrunk=_usd(family, whole),
    )


def _usd(family: Family, usage: Usage | None) -> float | None:
    found = price(family, usage) if usage else None
    return None if found is None else float(found)


def _saved(usage: Usage, sent: Sent) -> int | None:
    """Return the tokens saved by shrinking the picture, over all calls, or None if the rule is unknown."""
    if sent.image_tokens is None or sent.image_tokens_unshrunk is None:
        return None
    return (sent.image_tokens_unshrunk - sent.image_tokens) * max(usage.calls, 1)
