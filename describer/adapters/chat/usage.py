"""What one answer used, by the server's own count, in whatever shape: what is no number counts as none."""

from collections.abc import Mapping

from describer.domain.record import Usage


def read(counted: object) -> Usage:
    """The `usage` of one answer, of its JSON or as the SDK gives it."""
    asked, said = member(counted, "prompt_tokens_details"), member(counted, "completion_tokens_details")
    return Usage(
        prompt_tokens=_count(counted, "prompt_tokens"),
        cached_tokens=_count(asked, "cached_tokens"),
        cache_write_tokens=_count(asked, "cache_write_tokens"),
        completion_tokens=_count(counted, "completion_tokens"),
        reasoning_tokens=_count(said, "reasoning_tokens"),
        calls=1,
    )


def member(value: object, name: str) -> object:
    """A member of a JSON object or of one of the SDK's; None if there is none."""
    return value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)


def _count(value: object, name: str) -> int:
    found = member(value, name)
    return found if isinstance(found, int) and found > 0 else 0
