"""The handlers of the HTTP interface."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import Path, Query, Request
from pydantic import BaseModel
from starlette.responses import JSONResponse, PlainTextResponse, Response

from describer import __version__
from describer.domain import dates
from describer.domain.errors import DescriberError, InvalidRequest
from describer.domain.image_blob import StoredRecord
from describer.domain.image_ref import ImageRef
from describer.domain.record import Record
from describer.domain.status import Status
from describer.domain.texts import Review
from describer.entrypoints.http import access_log, request_body
from describer.entrypoints.http.backfill_schemas import BackfillState, NewBackfill
from describer.entrypoints.http.content_negotiation import Form, ListForm, best_of
from describer.entrypoints.http.document import Document, written
from describer.entrypoints.http.paths import BACKFILLS
from describer.entrypoints.http.problems import RETRY_SECONDS, Problem
from describer.entrypoints.http.schemas import (
    AnsweredQuestion,
    Change,
    CheckResult,
    Covered,
    DeepHealth,
    Described,
    DescribedResult,
    Entry,
    Health,
    Listing,
    Options,
    Results,
    Undescribed,
)
from describer.entrypoints.on_demand.service import BlobOf, OnDemandService, PictureSource
from describer.entrypoints.storage_events.backfill_steps import BackfillSteps
from describer.entrypoints.transfer import jsonl, spreadsheet
from describer.operations.health import Check
from describer.pipeline.backfill.state import ID, LATEST
from describer.pipeline.catalogue import Catalogue
from describer.pipeline.correct import Corrector
from describer.pipeline.find_records import Wanted
from describer.pipeline.ports import Page, Verdict
from describer.vision.answer import Ending
from describer.vision.brief import Brief, Question

_OF_THE_HOST = frozenset({"code", "clientId"})
"""Query options for the Functions host: a key and its name."""
_OPTION = re.compile(r"[A-Za-z]?[a-z_]{1,39}")
"""Form of a misspelt option that may be repeated in an answer; anything else may be a secret in the wrong place."""
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""ESC, C1 and other control characters, except tab and line feed."""
_PLACE = ("container", "name")
_WITH_TEXTS = frozenset({Status.DESCRIBED, Status.KEPT, Status.NEEDS_REVIEW})
_NOT_PASSED_ON = _OF_THE_HOST | {"cursor", "format"}
_COUNT_TIMEOUT = 200.0
"""Seconds; the platform ends a call after 230."""

type ListFormat = Literal["json", "csv", "jsonl"]
type Container = Annotated[str, Path(max_length=63, description="A watched container.", examples=["images"])]
type Name = Annotated[
    str,
    Path(
        min_length=1, max_length=1024, description="The blob's name; it may contain slashes.", examples=["pets/cat.jpg"]
    ),
]
type InQuery = Annotated[str, Query(max_length=63, description="A watched container.", examples=["images"])]
type NameInQuery = Annotated[str, Query(min_length=1, max_length=1024, description="The blob's name.")]
type Prefix = Annotated[
    str,
    Query(max_length=1024, pattern=r"^[^\x00-\x1f\x7f\ufffe\uffff]*$", description="Prefix of the blobs' names."),
]


type BackfillId = Annotated[
    str, Path(pattern=f"^({ID}|{LATEST})$", description="Of the backfill, or `latest`: the one that was begun last.")
]


type Unions = Literal["inheritance", "oneOf"]


@dataclass(frozen=True, slots=True)
class Routes:
    """The handlers behind the middleware. Each service is built with the first call that needs it."""

    on_demand: Callable[[], OnDemandService]
    corrector: Callable[[], Corrector]
    catalogue: Callable[[], Catalogue]
    backfills: Callable[[], BackfillSteps]
    checks: Callable[[], Awaitable[Sequence[Check]]]

    async def describe(self, request: Request, query: Annotated[Options, Query()]) -> Response:
        """Describe pictures that JSON names, or answer one question about them.

        With `Accept: text/plain`, only one picture's alt text, or the answer. This path accepts a picture or a form
        too, like the paths below it; with a picture, the options are in the query.
        """
        return await self._reply(request, query, Options.model_fields, request_body.ANY)

    async def describe_picture(self, request: Request, query: Annotated[Options, Query()]) -> Response:
        """Describe the picture that is the body, or answer a question about it."""
        return await self._reply(request, query, Options.model_fields, request_body.PICTURES)

    async def describe_form(self, request: Request) -> Response:
        """Describe the pictures in a form, or answer one question about them."""
        return await self._reply(request, Options(), (), request_body.FORMS)

    async def _reply(self, request: Request, query: Options, known: Iterable[str], kinds: frozenset[str]) -> Response:
        form = best_of(Form, request.headers.get("accept", ""))
        _reject_others(request, known)
        asked = await request_body.read(request, query, kinds)
        options, on_demand = asked.options, self.on_demand()
        request.state.blobs = on_demand.watched(asked.sources)
        if options.prompt is not None:
            if options.write:
                raise InvalidRequest("A free answer is not stored.", field="write")
            return await self._answered(
                asked.sources, on_demand.question(options.prompt, options.request_options()), form
            )
        brief = on_demand.brief(options.request_options())
        if len(asked.sources) == 1:
            return _response(
                await on_demand.describe(asked.sources[0], brief, write=bool(options.write)), options, form
            )
        if form is Form.TEXT:
            raise Problem("not-acceptable", "Only one picture's alt text comes as text/plain.")
        work = [self._each(source, brief, options, request) for source in asked.sources]
        return _json(Results(results=await asyncio.gather(*work)))

    async def description(self, request: Request, container: Container, name: Name) -> Response:
        """Return a stored record with its ETag."""
        ref = ImageRef(container, name)
        on_demand = self.on_demand()
        request.state.blobs = on_demand.watched([BlobOf(ref)])
        stored = await on_demand.stored(ref)
        headers = {"etag": stored.etag, "cache-control": "private, no-cache"}
        if _matches(request.headers.get("if-none-match", ""), stored.etag):
            return Response(status_code=304, headers=headers)
        return Response(stored.record.to_json(), headers=headers, media_type=Form.JSON)

    async def description_by_query(self, request: Request, container: InQuery, name: NameInQuery) -> Response:
        """Return a stored record by any name; a path cannot contain a literal `%2F`."""
        _reject_others(request, _PLACE)
        return await self.description(request, container, name)

    async def correct_by_query(
        self, request: Request, container: InQuery, name: NameInQuery, change: Change
    ) -> Response:
        """Correct a record by any name."""
        _reject_others(request, _PLACE)
        return await self._correct(request, ImageRef(container, name), change)

    async def correct(self, request: Request, container: Container, name: Name, change: Change) -> Response:
        """Correct a record as a person: texts, `is_decorative`, a review, or an undo."""
        _reject_others(request, ())
        return await self._correct(request, ImageRef(container, name), change)

    async def _correct(self, request: Request, ref: ImageRef, change: Change) -> Response:
        etags = _etags(request.headers.get("if-match", ""))
        request.state.blobs = self.on_demand().watched([BlobOf(ref)])
        stored = await self.corrector().correct(ref, change.correction(), etags)
        headers = {"etag": stored.etag, "cache-control": "private, no-cache"}
        return Response(stored.record.to_json(), headers=headers, media_type=Form.JSON)

    async def descriptions(
        self,
        request: Request,
        status: Annotated[Status | None, Query(description="Only records with this status.")] = None,
        review: Annotated[Review | None, Query(description="Only records with this review.")] = None,
        prefix: Prefix = "",
        container: Annotated[str | None, Query(max_length=63, description="Default: the first watched one.")] = None,
        cursor: Annotated[str, Query(max_length=8192, description="The previous page's.")] = "",
        limit: Annotated[int, Query(ge=1, le=1000, description="Maximum number of records in a page.")] = 50,
        format: Annotated[  # noqa: A002 - the option's name
            ListFormat | None, Query(description="Overrides the header Accept.")
        ] = None,
    ) -> Response:
        """List stored records in pages by name; an empty page only at the end."""
        _reject_others(request, ("status", "review", "prefix", "container", "cursor", "limit", "format"))
        form = ListForm[format.upper()] if format else best_of(ListForm, request.headers.get("accept", ""))
        wanted = Wanted(frozenset([status] if status else []), frozenset([review] if review else []))
        catalogue = self.catalogue()
        page = await catalogue.find(catalogue.watched(container), prefix, wanted, cursor, limit)
        if form is ListForm.JSON:
            return _json(Listing(descriptions=[_entry(stored) for stored in page.items], cursor=page.cursor or None))
        return _lines(page, form, request, catalogue.languages)

    async def coverage(
        self,
        request: Request,
        prefix: Prefix = "",
        container: Annotated[str | None, Query(max_length=63, description="Default: the first watched one.")] = None,
    ) -> Response:
        """Count the pictures with published texts by language."""
        _reject_others(request, ("prefix", "container"))
        catalogue = self.catalogue()
        name = catalogue.watched(container)
        try:
            async with asyncio.timeout(_COUNT_TIMEOUT):
                counted = await catalogue.coverage(name, prefix)
        except TimeoutError:
            sentence = "There are too many pictures to count in one call; use `describer status`."
            raise InvalidRequest(sentence, field="prefix") from None
        return _json(Covered.of(counted, name))

    async def begin_backfill(self, request: Request, new: NewBackfill) -> Response:
        """Start a backfill: count the pictures, estimate the cost and, unless it is a dry run, describe them."""
        _reject_others(request, ())
        options = new.options(self.catalogue().watched(new.container))
        backfill = await self.backfills().begin(options, dry_run=new.dry_run)
        return _json(BackfillState.of(backfill), 202, {"location": f"{BACKFILLS}/{backfill.id}"})

    async def backfill(self, request: Request, backfill_id: BackfillId) -> Response:
        """Return the progress of a backfill."""
        _reject_others(request, ())
        return _json(BackfillState.of(await self.backfills().backfiller.find(_name(backfill_id))))

    async def stop_backfill(self, request: Request, backfill_id: BackfillId) -> Response:
        """Stop a backfill from queueing more; queued pictures are still described, and finished work stays."""
        _reject_others(request, ())
        return _json(BackfillState.of(await self.backfills().backfiller.stop(_name(backfill_id))))

    async def document(self, request: Request, unions: Annotated[Unions, Query()] = "inheritance") -> Response:
        """Return the interface in OpenAPI 3.1."""
        return await _written(request, Document(unions))

    async def swagger(self, request: Request) -> Response:
        """Return the interface in Swagger 2.0, as far as it can express it."""
        return await _written(request, Document.SWAGGER)

    async def health(self) -> Response:
        """Return that the app runs, without checking anything else."""
        return _json(Health(status="ok", version=__version__))

    async def deep_health(self) -> Response:
        """Run the health checks: 503 if one fails."""
        found = await self.checks()
        healthy = all(check.verdict is not Verdict.FAILED for check in found)
        checks = [CheckResult(**asdict(check)) for check in found]
        if healthy:
            return _json(DeepHealth(status="ok", checks=checks))
        return _json(DeepHealth(status="failed", checks=checks), 503, {"retry-after": str(RETRY_SECONDS)})

    async def _each(
        self, source: PictureSource, brief: Brief, options: Options, request: Request
    ) -> DescribedResult | Undescribed:
        try:
            record = await self.on_demand().describe(source, brief, write=bool(options.write))
        except DescriberError as error:
            access_log.deferred(request.state.request_id, error, self.on_demand().watched([source]))
            problem = Problem.of(error).body(request.state.request_id)
            return Undescribed.model_validate({"status": "unavailable", "problem": problem})
        return DescribedResult.of(record, whole=options.include == "record")

    async def _answered(self, sources: Sequence[PictureSource], question: Question, form: Form) -> Response:
        said = await self.on_demand().answer(sources, question)
        if form is Form.TEXT and said.ending is not Ending.COMPLETE:
            raise Problem("needs-review", f"The answer is not complete: {said.ending}.")
        return _text(said.text) if form is Form.TEXT else _json(AnsweredQuestion.of(said))


def _name(backfill_id: str) -> str:
    return "" if backfill_id == LATEST else backfill_id


def _text(text: str) -> Response:
    """Return text without control characters for terminals, since people print answers with curl."""
    return PlainTextResponse(_CONTROLS.sub("\ufffd", text))


def _reject_others(request: Request, known: Iterable[str]) -> None:
    """Reject unknown query options: a misspelt option would be ignored but paid for."""
    others = request.query_params.keys() - {*known} - _OF_THE_HOST
    if others:
        shown = {name if _OPTION.fullmatch(name) else "query" for name in others}
        raise Problem.invalid({name: f"This is not an option; {_choices(known)}" for name in sorted(shown)})


def _choices(known: Iterable[str]) -> str:
    names = ", ".join(known)
    return f"they are {names}." if names else "there are none."


def _response(record: Record, options: Options, form: Form) -> Response:
    if record.status not in _WITH_TEXTS:
        raise Problem.of_status(record.status, record.reason)
    if form is Form.JSON:
        return _json(Described.of(record, whole=options.include == "record"))
    if not record.status.is_published:
        more: dict[str, Any] = {"outcome": record.status, "flags": list(record.flags)}
        raise Problem("needs-review", record.reason or "The answer was flagged.", more)
    return _text(record.alt_text)


def _json(body: BaseModel, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse(body.model_dump(mode="json"), status, headers)


async def _written(request: Request, form: Document) -> Response:
    """Generate in a thread, since it takes too long for the event loop."""
    generated = await asyncio.to_thread(request.app.openapi)
    document = await asyncio.to_thread(written, generated, form, str(request.base_url))
    return JSONResponse(document, headers={"cache-control": "public, max-age=3600"})


def _lines(page: Page[StoredRecord], form: ListForm, request: Request, languages: Sequence[str]) -> Response:
    """Return the page for a spreadsheet or a program; the header Link leads to the next page."""
    headers = {}
    if page.cursor:
        others = [(name, value) for name, value in request.query_params.multi_items() if name not in _NOT_PASSED_ON]
        query = urlencode([*others, ("cursor", page.cursor), ("format", form.name.lower())])
        headers["link"] = f'<{request.url.path}?{query}>; rel="next"'
    if form is ListForm.JSONL:
        return Response("".join(map(jsonl.line, page.items)), headers=headers, media_type=form)
    tags = dict.fromkeys([*languages, *(tag for stored in page.items for tag in stored.record.filled())])
    rows = [spreadsheet.header([*tags]), *(spreadsheet.row(stored, [*tags]) for stored in page.items)]
    text = spreadsheet.BOM + "".join(map(spreadsheet.line, rows))
    return Response(text, headers=headers, media_type=f"{form}; charset=utf-8")


def _entry(stored: StoredRecord) -> Entry:
    record = stored.record
    return Entry(
        container=record.source.container,
        name=record.source.name,
        status=record.status,
        language=record.language,
        alt_text=record.alt_text,
        flags=record.flags,
        review=record.review,
        at=dates.written(record.at),
        etag=stored.etag,
    )


def _etags(header: str) -> tuple[str, ...]:
    """Parse If-Match; a weak ETag matches nothing (RFC 9110, 13.1.1)."""
    if not header.strip():
        raise Problem("precondition-required", "A change requires the ETag of the record that you read.")
    return tuple(item.strip() for item in header.split(","))


def _matches(header: str, etag: str) -> bool:
    """Match If-None-Match by weak comparison (RFC 9110, 13.1.2)."""
    given = {item.strip().removeprefix("W/") for item in header.split(",")}
    return "*" in given or etag in given
