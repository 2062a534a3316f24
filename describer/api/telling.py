"""What is logged of calls. A blob's name goes along as a fact of its own, by which telemetry masks it in sentences."""

import logging
import traceback
from collections.abc import Iterable

from describer.errors import DescriberError, Misconfigured, Transient
from describer.events import ImageRef
from describer.ondemand import BlobOf, PictureSource

_log = logging.getLogger(__name__)


def blobs(sources: Iterable[PictureSource]) -> tuple[ImageRef, ...]:
    """Those of the pictures that are blobs."""
    return tuple(source.ref for source in sources if isinstance(source, BlobOf))


def put_off(request_id: str, fault: DescriberError, refs: Iterable[ImageRef] = ()) -> None:
    """Logs what is not the caller's fault: at level ERROR where only an operator can help."""
    if isinstance(fault, (Transient, Misconfigured)):
        level = logging.ERROR if isinstance(fault, Misconfigured) else logging.WARNING
        pictures = {f"picture_{number}": ref.subject for number, ref in enumerate(refs, 1)}
        _log.log(level, "http.put_off", extra={"request_id": request_id, "reason": str(fault), **pictures})


def failed(request_id: str, error: BaseException) -> None:
    """Logs a bug: its kind and where it was, without its sentence, which may hold a text about a picture."""
    frames = traceback.extract_tb(error.__traceback__)
    where = " > ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames[-8:])
    _log.error("http.failed", extra={"request_id": request_id, "error": type(error).__name__, "where": where})


def answered(request_id: str, *, method: str, route: str, status: int, seconds: float) -> None:
    """Logs a call by its route, never by its address, which may name a picture."""
    facts = {"method": method, "route": route, "status": status, "seconds": round(seconds, 3)}
    _log.info("http.answered", extra={"request_id": request_id, **facts})
