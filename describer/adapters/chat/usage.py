"""Reads the token usage of an answer; a value that is not a number counts as 0."""

from describer.adapters.chat.json_values import member
from describer.domain.record import Usage


def read(counted: object) -> Usage:
    """Return the `usage` of an answer, from its JSON or from the SDK's object."""
    asked, said = member(counted, "prompt_tokens_details"), member(counted, "completion_tokens_details")
    return Usage(
        prompt_tokens=_count(counted, "prompt_tokens"),
        cached_tokens=_count(asked, "cached_tokens"),
        cache_write_tokens=_count(asked, "cache_write_tokens"),
        completion_tokens=_count(counted, "completion_tokens"),
        reasoning_tokens=_count(said, "reasoning_tokens"),
        calls=1,
    )


def _count(value: object, name: str) -> int:
    found = member(value, name)
    return found if isinstance(found, int) and found > 0 else 0
