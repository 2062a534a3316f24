"""Computes what an answer costs; the only module that applies list prices."""

from decimal import Decimal

from describer.domain.record import Cost, Sent, Usage
from describer.vision.families import Family

_MILLION = Decimal(1_000_000)


def price(family: Family, prompt_tokens: int, completion_tokens: int) -> Decimal | None:
    """Return the list price of one answer in US dollars, or None if the family's price is unknown.

    This is an upper bound: cached input, batches and regional or negotiated prices are not considered. The tokens are
    those of the answer's `usage`, which includes pictures and reasoning.
    """
    if family.price is None:
        return None
    return (family.price.input * prompt_tokens + family.price.output * completion_tokens) / _MILLION


def estimate(family: Family, usage: Usage, sent: Sent) -> Cost | None:
    """Return the estimated cost of the calls for one picture, or None if the family has no price.

    The cost at full size is a separate figure that many families cannot have; it may be None on its own.
    """
    paid = price(family, usage.prompt_tokens, usage.completion_tokens)
    if paid is None:
        return None
    saved = _saved(usage, sent)
    unshrunk = None if saved is None else price(family, usage.prompt_tokens + saved, usage.completion_tokens)
    usd_unshrunk = None if unshrunk is None else float(unshrunk)
    return Cost(priced_as=family.name, usd=float(paid), usd_unshrunk=usd_unshrunk)


def _saved(usage: Usage, sent: Sent) -> int | None:
    """Return the tokens saved by shrinking the picture, over all calls, or None if the rule is unknown."""
    if sent.image_tokens is None or sent.image_tokens_unshrunk is None:
        return None
    return (sent.image_tokens_unshrunk - sent.image_tokens) * max(usage.calls, 1)
