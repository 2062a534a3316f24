"""Reads the body of `POST /api/describe`: a picture, a form with pictures, or JSON that names pictures."""

import binascii
import codecs
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from starlette.datastructures import UploadFile
from starlette.requests import Request

from describer.domain.errors import InvalidName
from describer.domain.image_ref import ImageRef
from describer.entrypoints.http.content_negotiation import is_picture
from describer.entrypoints.http.problems import Problem
from describer.entrypoints.http.schemas import LISTS, Ask, ImageByBlob, ImageByBytes, ImageByUrl, Options
from describer.entrypoints.on_demand.limits import MOST_SOURCES, MOST_WORDS
from describer.entrypoints.on_demand.service import BlobOf, PictureSource, Upload, Url
from describer.pipeline.base64_text import decode, max_bytes
from describer.pipeline.memory_budget import Reservation
from describer.pipeline.unpacking import unpacked

PICTURES: Final = frozenset({"image/*"})
FORMS: Final = frozenset({"multipart/form-data"})
ANY: Final = PICTURES | FORMS | {"application/json"}
"""Kinds of bodies by content type; `image/*` includes application/octet-stream."""

_TAGS: Final = frozenset({"url", "base64", "blob"})
_MAX_FIELDS: Final = 40 + 2 * MOST_WORDS
_MAX_FILES: Final = 1000
"""Files of a form that are parsed at most; a smaller limit applies to pictures, with its own message."""
_MAX_FIELD_BYTES: Final = 2**16
"""Bytes of one option in a form."""
_MAX_FAULTS: Final = 100
"""Faults that are listed; more are only counted, since a body can have millions."""
_MAX_PATH: Final = 100
"""Characters of a field's name in an answer."""
_TAG: Final = "Not a BCP 47 tag of registered parts such as en, pt-BR or zh-Hans."
_EXPECTED: Final = {
    "languages": _TAG,
    "texts": _TAG,
    "prompt": "It has blanks only; ask a question, or leave it out.",
    "prefix": "It has a control character.",
    "backfill_id": "Neither the id of a backfill, as in the answer to POST /api/backfills, nor latest.",
}
"""By the field: the sentence where pydantic would answer with a regular expression."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request and its pictures."""

    sources: tuple[PictureSource, ...]
    options: Options


async def read(request: Request, query: Options, kinds: frozenset[str] = ANY) -> Asked:
    """Read the body of one of these kinds; its options take precedence over the query's. Raises Problem."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    kind = "image/*" if is_picture(media_type) else media_type
    if kind not in kinds:
        said = f"The content type is {media_type[:100]!r}" if media_type else "The body has no content type"
        raise Problem("unsupported-media-type", f"{said}; expected {' or '.join(sorted(kinds))}.")
    if kind == "multipart/form-data":
        return await _form(request, query)
    if kind == "application/json":
        body = (await request.body()).removeprefix(codecs.BOM_UTF8)  # Windows PowerShell writes one
        if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise Problem("bad-request", "The body is UTF-16; JSON is sent as UTF-8.")
        return await _json(body, query, request.state.reservation)
    return Asked((Upload(await request.body()),), query)


def faults(error: ValidationError) -> Problem:
    """Return the problem for an invalid body or query. It repeats no value, since one may be a secret."""
    if error.error_count() > _MAX_FAULTS:
        return Problem.invalid({"body": f"It has {error.error_count():,} faults; compare it with docs/openapi.json."})
    details = error.errors(include_url=False, include_context=False, include_input=False)
    if any(detail["type"] == "json_invalid" for detail in details):
        return Problem("bad-request", f"The body is not JSON: {details[0]['msg'].removeprefix('Invalid JSON: ')}.")
    return Problem.invalid({path(detail["loc"]) or "body": sentence(detail) for detail in details})


def sentence(detail: ErrorDetails) -> str:
    """Return the sentence on one of pydantic's errors; instead of a regular expression, what is expected."""
    if detail["type"] == "string_pattern_mismatch":
        return next((_EXPECTED[str(step)] for step in detail["loc"] if step in _EXPECTED), "Not of the expected form.")
    return f"{detail['msg']}."


def path(location: tuple[int | str, ...]) -> str:
    """Return a field's path such as `images[0].url`, without the tag for a picture's kind."""
    written = ""
    for before, step in pairwise(("", *location)):
        if isinstance(step, int):
            written += f"[{step}]"
        elif not (isinstance(before, int) and step in _TAGS):
            written += f".{step}" if written else step
    return written[:_MAX_PATH]


async def _json(body: bytes, query: Options, reservation: Reservation) -> Asked:
    try:
        ask = await unpacked(Ask.model_validate_json, body, strict=True)
    except ValidationError as error:
        raise faults(error) from None
    sources = [await _source(image, number, reservation) for number, image in enumerate(ask.images)]
    return Asked(tuple(sources), _merged(query, ask.model_dump(exclude={"images"}, exclude_none=True)))


async def _source(
    image: ImageByUrl | ImageByBytes | ImageByBlob, number: int, reservation: Reservation
) -> PictureSource:
    match image:
        case ImageByUrl(url=url):
            return Url(url)
        case ImageByBlob(blob=blob):
            try:
                return BlobOf(ImageRef(blob.container, blob.name))
            except InvalidName as error:
                raise Problem.invalid({f"images[{number}].blob.name": str(error)}) from None
        case ImageByBytes(base64=text):
            reservation.extend(reservation.size + max_bytes(text))
            try:
                return Upload(await unpacked(decode, text))
            except binascii.Error:
                message = "This is not strict base64 (RFC 4648, with padding, without line breaks)."
                raise Problem.invalid({f"images[{number}].base64": message}) from None


async def _form(request: Request, query: Options) -> Asked:
    uploads: list[PictureSource] = []
    fields: dict[str, Any] = {}
    limits = {"max_files": _MAX_FILES, "max_fields": _MAX_FIELDS, "max_part_size": _MAX_FIELD_BYTES}
    try:
        async with request.form(**limits) as form:
            for name, value in form.multi_items():
                if isinstance(value, UploadFile):
                    uploads.append(Upload(await _file(name, value), value.filename or ""))
                elif name in LISTS:
                    fields.setdefault(name, []).append(value)
                elif name in Options.model_fields:
                    fields[name] = value
                else:
                    missing = (
                        "The file has no filename." if name == "images" else "This is neither an option nor a file."
                    )
                    raise Problem.invalid({name[:_MAX_PATH]: missing})
    except UnicodeError:  # the content type may name a charset of Python's that cannot decode text
        raise Problem("bad-request", "The form's charset is not supported; leave it out.") from None
    if len(uploads) > MOST_SOURCES:
        raise Problem.invalid({"images": f"Send at most {MOST_SOURCES} files, not {len(uploads)}."})
    if not uploads:
        raise Problem.invalid({"images": "Send at least one file, with its filename."})
    return Asked(tuple(uploads), _merged(query, fields))


async def _file(name: str, file: UploadFile) -> bytes:
    if name != "images":
        raise Problem.invalid({name[:_MAX_PATH]: "Files go into the field images."})
    return await file.read()


def _merged(query: Options, fields: dict[str, Any]) -> Options:
    try:
        return Options.model_validate(query.model_dump(exclude_none=True) | fields)
    except ValidationError as error:
        raise faults(error) from None
