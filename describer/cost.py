"""What an answer costs."""

from decimal import Decimal

from describer.models import Family

_MILLION = Decimal(1_000_000)


def price(family: Family, prompt_tokens: int, completion_tokens: int) -> Decimal | None:
    """US dollars for one answer by list price, or None where the family's price is unknown.

    An upper bound: cached input, batches and regional or negotiated prices are not taken into account. The tokens are
    those of the answer's `usage`, in which pictures and reasoning are already counted.
    """
    if family.price is None:
        return None
    return (family.price.input * prompt_tokens + family.price.output * completion_tokens) / _MILLION
