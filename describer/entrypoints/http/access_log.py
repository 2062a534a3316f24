"""Logs calls by route and id, and pictures by alias."""

import logging
from collections.abc import Iterable
from typing import Final

from describer.domain import bugs
from describer.domain.errors import DescriberError, NotNow
from describer.domain.image_ref import ImageRef

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})

_log = logging.getLogger(__name__)


def deferred(request_id: str, fault: DescriberError, refs: Iterable[ImageRef] = ()) -> None:
    """Log an error that is not the caller's fault, at level ERROR if only an operator can fix it."""
    if isinstance(fault, NotNow):
        pictures = {f"picture_{number}": ref for number, ref in enumerate(refs, 1)}
        _log.log(fault.level, "http.deferred", extra={"request_id": request_id, "reason": fault.message, **pictures})


def failed(request_id: str, error: BaseException) -> None:
    _log.error("http.failed", extra={"request_id": request_id} | bugs.facts(error))


def answered(request_id: str, *, method: str, route: str, status: int, seconds: float) -> None:
    """Log a call by its route, not by its path, which may name a picture. The method may be any word."""
    facts = {
        "method": method if method in _METHODS else "other",
        "route": route,
        "status": status,
        "seconds": round(seconds, 3),
    }
    _log.info("http.answered", extra={"request_id": request_id, **facts})
