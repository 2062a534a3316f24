"""What an answer costs: the only module that knows how list prices become US dollars."""

from decimal import Decimal

from describer.domain.record import Cost, Sent, Usage
from describer.vision.families import Family

_MILLION = Decimal(1_000_000)


def price(family: Family, prompt_tokens: int, completion_tokens: int) -> Decimal | None:
    """Return US dollars for one answer by list price, or None if the family's price is unknown.

    An upper bound: cached input, batches and regional or negotiated prices are not taken into account. The tokens are
    those of the answer's `usage`, in which pictures and reasoning are already counted.
    """
    if family.price is None:
        return None
    return (family.price.input * prompt_tokens + family.price.output * completion_tokens) / _MILLION


def estimate(family: Family, usage: Usage, sent: Sent) -> Cost | None:
    """Estimate what the calls for one picture cost, or None if the family has no price.

    What the picture would have cost at full size is a second fact, which many families do not have: without it the
    first one stands all the same.
    """
    paid = price(family, usage.prompt_tokens, usage.completion_tokens)
    if paid is None:
        return None
    saved = _saved(usage, sent)
    unshrunk = None if saved is None else price(family, usage.prompt_tokens + saved, usage.completion_tokens)
    usd_unshrunk = None if unshrunk is None else float(unshrunk)
    return Cost(priced_as=family.name, usd=float(paid), usd_unshrunk=usd_unshrunk)


def _saved(usage: Usage, sent: Sent) -> int | None:
    """Return tokens that shrinking the picture saved, over all calls, or None if the rule does not tell."""
    if sent.image_tokens is None or sent.image_tokens_unshrunk is None:
        return None
    return (sent.image_tokens_unshrunk - sent.image_tokens) * max(usage.calls, 1)
