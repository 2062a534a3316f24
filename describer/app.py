"""The composition root: builds clients, ports, the pipeline and the entry points from the settings.

Indexing the functions only reads the settings. Pillow and the SDKs are imported after it, in a thread: hence the
imports inside functions, which occur only here.
"""

from __future__ import annotations

import asyncio
import os
import threading
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Self

from describer.domain.bugs import redacted_in
from describer.domain.errors import NotNow
from describer.pipeline.logs import quieten_libraries
from describer.settings import MIB, Need, Provider, Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping, Sequence

    from azure.storage.blob.aio import BlobServiceClient  # noqa: TID251 - a type only
    from openai import AsyncOpenAI  # noqa: TID251 - likewise
    from starlette.types import ASGIApp

    from describer.adapters.backfills import BlobBackfills
    from describer.adapters.blob_images import BlobImages
    from describer.adapters.chat.batch import ChatBatches
    from describer.adapters.chat.limiter import Limiter
    from describer.adapters.sidecars import BlobRecords
    from describer.adapters.telemetry import Telemetry
    from describer.adapters.web.fetch import Web
    from describer.domain.record import Usage
    from describer.entrypoints.mcp import Tools
    from describer.entrypoints.on_demand.service import OnDemandService
    from describer.entrypoints.openai_compatible.interface import OpenAiInterface
    from describer.entrypoints.openai_compatible.tokens import EntraTokens
    from describer.entrypoints.storage_events.backfill_steps import BackfillSteps
    from describer.entrypoints.storage_events.delivery import Delivery
    from describer.entrypoints.storage_events.inbox import Inbox
    from describer.entrypoints.storage_events.poison import PoisonHandler
    from describer.operations.health import Check
    from describer.operations.probe_list import Closable
    from describer.operations.smoke_test import SmokeTest
    from describer.pipeline.backfill.backfiller import Backfiller
    from describer.pipeline.backfill.batches import Batching
    from describer.pipeline.backfill.library import Library
    from describer.pipeline.backfill.preview import Asking
    from describer.pipeline.backfill.selection import Selection
    from describer.pipeline.backfill.state import BackfillOptions
    from describer.pipeline.backoff import Backoff
    from describer.pipeline.blob_filter import BlobFilter
    from describer.pipeline.catalogue import Catalogue
    from describer.pipeline.cleanup import Cleanup
    from describer.pipeline.correct import Corrector
    from describer.pipeline.daily_budget import DailyBudget
    from describer.pipeline.deleted_pictures import DeletedPictures
    from describer.pipeline.describe import ImageDescriber
    from describer.pipeline.memory_budget import MemoryBudget
    from describer.pipeline.pipeline import Pipeline
    from describer.pipeline.ports import ImagePipeline, Model, Probe, Publisher, Queue, Topic
    from describer.pipeline.publisher import OutcomePublisher
    from describer.pipeline.purge import Purger
    from describer.pipeline.work_log import WorkLog
    from describer.vision.brief import Brief
    from describer.vision.families import Family
    from describer.vision.imaging.preparer import ProcessPreparer

__all__ = [
    "BACKFILLS_QUEUE",
    "DEAD_LETTER_QUEUE",
    "SMOKE_TESTS_QUEUE",
    "UNPUBLISHED_QUEUE",
    "UPLOADS_POISON_QUEUE",
    "WORK_QUEUE",
    "App",
    "quieten_libraries",
]

WORK_QUEUE = "image-work"
UNPUBLISHED_QUEUE = "unpublished-events"
SMOKE_TESTS_QUEUE = "smoke-tests"
BACKFILLS_QUEUE = "backfills"
DEAD_LETTER_QUEUE = "dead-letter-queue"
UPLOADS_POISON_QUEUE = "webjobs-blobtrigger-poison"
BACKFILLS_CONTAINER = "backfills"

# The model's provider by OpenTelemetry's conventions.
_PROVIDERS = {Provider.AZURE: "azure.ai.openai", Provider.OPENAI: "openai"}


class App:
    """The app's parts, each built on first use and kept for the life of the process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._clients: list[Closable] = []
        self._warm_up: threading.Thread | None = None
        self._signing_in: asyncio.Task[None] | None = None

    @classmethod
    def from_environment(
        cls, needs: Collection[Need] = tuple(Need), defaults: Mapping[str, str] = MappingProxyType({})
    ) -> Self:
        """Read the settings; `defaults` are values for settings that the environment lacks.

        Raises `Misconfigured` with one message if they are invalid.
        """
        return cls(Settings.read({**defaults, **os.environ}, needs))  # noqa: TID251 - only here

    @classmethod
    def without_telemetry(cls, needs: Collection[Need], defaults: Mapping[str, str]) -> Self:
        """Return the app for a person at a command line, whose calls are not recorded."""
        from pydantic import SecretStr

        settings = cls.from_environment(needs, defaults).settings
        return cls(settings.model_copy(update={"insights_connection": SecretStr("")}))

    def begin_warm_up(self) -> None:
        """Start a thread that builds what an upload needs, since the event loop would wait for the SDKs' imports."""
        self._warm_up = threading.Thread(target=self._build_ahead, name="warm-up", daemon=True)
        self._warm_up.start()

    def _build_ahead(self) -> None:
        with suppress(Exception):  # the first call raises it again
            _ = self.delivery

    @asynccontextmanager
    async def invocation(self, function: str) -> AsyncIterator[None]:
        """Run a function's body: after the warm-up, and with its bugs redacted."""
        with redacted_in(function):
            if warm_up := self._warm_up:
                await asyncio.to_thread(warm_up.join)  # no two threads may import the same modules
            if self._warm_up:  # the first invocation that gets here
                self._warm_up = None
                with suppress(NotNow):  # the first picture reports it
                    await self._preparer.pool.start_ahead()
                if self.settings.model_server.by_token:
                    self._signing_in = asyncio.create_task(self._sign_in_ahead())
            yield

    async def _sign_in_ahead(self) -> None:
        """Get the model's token while the first picture is read; the call to the model reports what fails."""
        from describer.adapters.credentials import credential

        with suppress(Exception):
            await credential().get_token(self.settings.azure_openai_scope)

    async def close(self) -> None:
        """Close every connection, for callers that end before their process; the Functions host never calls it."""
        from describer.adapters.credentials import close_credentials

        if self._signing_in:
            self._signing_in.cancel()
        for client in reversed(self._clients):  # a client may use earlier ones
            await client.close()
        await close_credentials()

    def _kept[T: Closable](self, client: T) -> T:
        self._clients.append(client)
        return client

    @cached_property
    def delivery(self) -> Delivery:
        """Handles uploads and deferred work."""
        from describer.entrypoints.storage_events.delivery import Delivery

        return Delivery(
            pipeline=self.pipeline,
            queue=self._queue(WORK_QUEUE),
            brief=self.brief,
            max_attempts=self.settings.max_attempts,
            backoff=self._backoff,
            deferral=self.limiter.deferral,
            max_wait=timedelta(days=self.settings.max_wait_days),
            work_log=self.work_log,
            progress=self._backfills,
            price=self._price,
        )

    @cached_property
    def backfiller(self) -> Backfiller:
        """Runs backfills."""
        from describer.pipeline.backfill.backfiller import Backfiller

        work, batching = self._queue(WORK_QUEUE), self._batching
        return Backfiller(self.library, self._backfills, work, self.selection, self.asking, batching)

    @cached_property
    def _batching(self) -> Batching | None:
        if self._batches is None:
            return None
        from describer.pipeline.backfill.batches import Batching
        from describer.pipeline.single_flight import SingleFlight

        def pipeline(model: Model) -> ImagePipeline:
            asking = replace(self._image_describer, model=model, single_flight=SingleFlight())
            return replace(self._bare_pipeline, image_describer=asking)

        return Batching(self._batches, self._backfills, pipeline, self.brief)

    @cached_property
    def _batches(self) -> ChatBatches | None:
        if not self.settings.batch_deployment:
            return None
        from describer.adapters.chat.batch import ChatBatches

        return ChatBatches(self._chat_client, self.family, self.settings.batch_deployment)

    @cached_property
    def backfill_steps(self) -> BackfillSteps:
        """Runs backfills in the app."""
        from describer.entrypoints.storage_events.backfill_steps import BackfillSteps

        return BackfillSteps(self.backfiller, self._queue(BACKFILLS_QUEUE))

    @property
    def nightly_schedule(self) -> str:
        """NCRONTAB schedule of the nightly backfill for the timer trigger; empty: never."""
        return _every_day(self.settings.nightly_backfill_at)

    @property
    def nightly_backfills(self) -> Sequence[BackfillOptions]:
        """The options of the nightly backfills, one for each watched container."""
        from describer.pipeline.backfill.state import BackfillOptions, Only

        only = tuple(map(Only, self.settings.nightly_backfill_only))
        most = self.settings.nightly_backfill_max_pictures
        return [BackfillOptions(container=name, only=only, max_pictures=most) for name in self.settings.containers]

    @cached_property
    def library(self) -> Library:
        """Lists pictures with facts about their records."""
        from describer.pipeline.backfill.library import Library

        return Library(self._images, None if self.settings.write_metadata else self.records)

    def selection(self, options: BackfillOptions) -> Selection:
        """Return the rules by which a backfill selects pictures."""
        from describer.pipeline.backfill.selection import Selection

        return Selection(options, self._blob_filter, self.brief, self.settings.max_bytes)

    @property
    def asking(self) -> Asking:
        """The request and sizes for an uploaded picture, for cost estimates."""
        return self.asking_of(self.brief)

    def asking_of(self, brief: Brief) -> Asking:
        """The same for another request."""
        from describer.pipeline.backfill.preview import Asking
        from describer.vision.sizing import Sizes

        settings, family = self.settings, self.family(brief.model)
        sizes = Sizes(family, brief.detail, brief.max_image_tokens, settings.photo_tokens, settings.text_tokens)
        return Asking(brief, sizes, settings.model_tokens_per_minute)

    def _price(self, spent: Usage) -> float:
        from describer.vision.pricing import price

        return float(price(self.family(self.brief.model), spent) or 0)

    @cached_property
    def _backfills(self) -> BlobBackfills:
        from describer.adapters.backfills import BlobBackfills
        from describer.adapters.storage import blob_service

        service = self._kept(blob_service(self.settings.host_account))
        return BlobBackfills(service.get_container_client(BACKFILLS_CONTAINER))

    @cached_property
    def poison(self) -> PoisonHandler:
        """Re-queues uploads that the host gave up."""
        from describer.entrypoints.storage_events.poison import PoisonHandler

        return PoisonHandler(self.settings.images_container, self._queue(WORK_QUEUE))

    @cached_property
    def inbox(self) -> Inbox:
        """Runs the queue-triggered functions."""
        from describer.entrypoints.storage_events.inbox import Inbox

        _ = self.telemetry  # start exporting, in case this instance has not processed a picture yet
        return Inbox(self._queue(DEAD_LETTER_QUEUE, base64=False))

    def _queue(self, name: str, *, base64: bool = True) -> Queue:
        from describer.adapters.queue import StorageQueue
        from describer.adapters.storage import queue_client

        return StorageQueue(self._kept(queue_client(self.settings.host_account, name, base64=base64)))

    @cached_property
    def publisher(self) -> OutcomePublisher:
        """Publishes outcomes."""
        from describer.adapters.credentials import credential
        from describer.adapters.event_grid import GridTopic, Unset, connect
        from describer.pipeline.publisher import OutcomePublisher

        settings = self.settings
        event_grid: Publisher = Unset()
        if endpoint := settings.events_topic_endpoint:
            event_grid = GridTopic(self._kept(connect(endpoint, credential())))
        queue = self._queue(UNPUBLISHED_QUEUE)
        source, languages = settings.images_blob_uri or "/image-describer", settings.events_texts
        return OutcomePublisher(event_grid, queue, self._backoff, source, languages)

    @cached_property
    def smoke_test(self) -> SmokeTest:
        """Checks that an upload is described."""
        from describer.operations.smoke_test import SmokeTest

        _ = self.telemetry  # start exporting, in case this instance has not processed a picture yet
        return SmokeTest(self._images, self.records, self._blob_filter, self.settings.images_container)

    @cached_property
    def _backoff(self) -> Backoff:
        from describer.pipeline.backoff import Backoff

        return Backoff(self.settings.retry_base_seconds)

    @cached_property
    def pipeline(self) -> ImagePipeline:
        """The pipeline, with telemetry if it is on."""
        if self.telemetry is None:
            return self._bare_pipeline
        from describer.adapters.telemetry import traced

        return traced(self._bare_pipeline, self.telemetry, _PROVIDERS[self.settings.model_server.provider])

    @cached_property
    def _bare_pipeline(self) -> Pipeline:
        from describer.pipeline.pipeline import Pipeline
        from describer.pipeline.renditions import LargerPictures

        settings, blob_filter = self.settings, self._blob_filter
        larger = LargerPictures(blob_filter.renditions, blob_filter, self._images, self.records)
        return Pipeline(
            blob_filter=blob_filter,
            images=self._images,
            records=self.records,
            image_describer=self._image_describer,
            larger=larger if settings.renditions else None,
            topic=self._topic,
            deleted_retention=self._deleted_retention,
            max_bytes=settings.max_bytes,
            write_metadata=settings.write_metadata,
            memory=self.memory,
            queue=self._queue(WORK_QUEUE),
            models=settings.models_allowed,
        )

    @cached_property
    def http(self) -> ASGIApp:
        """The HTTP interface."""
        from describer.entrypoints.http.build import asgi

        return asgi(
            lambda: self.on_demand,
            lambda: self.corrector,
            lambda: self.catalogue,
            lambda: self.backfill_steps,
            self.checks,
            self.memory,
            self.settings.max_bytes,
        )

    @cached_property
    def catalogue(self) -> Catalogue:
        """All pictures and records in storage."""
        from describer.pipeline.catalogue import Catalogue

        return Catalogue(self._blob_filter, self._images, self.records, self.settings.languages)

    @cached_property
    def openai_compatible(self) -> ASGIApp:
        """The interface in OpenAI's form, for other programs."""
        from describer.entrypoints.openai_compatible.interface import asgi

        return asgi(lambda: self._openai_interface)

    @cached_property
    def _openai_interface(self) -> OpenAiInterface:
        from describer.adapters.chat.forward import Forwarder
        from describer.entrypoints.openai_compatible.callers import Allowances, Caller, Callers
        from describer.entrypoints.openai_compatible.interface import OpenAiInterface
        from describer.entrypoints.openai_compatible.pictures import Shrinker

        settings, telemetry = self.settings, self.telemetry

        def saved(model: str, tokens: int) -> None:
            if telemetry:
                from describer.pipeline import vocabulary

                telemetry.saved_tokens.add(tokens, {vocabulary.REQUEST_MODEL: model})

        return OpenAiInterface(
            model=Forwarder(self._chat_client, self.limiter, settings.model_deadline_seconds),
            shrinker=Shrinker(self._preparer, self.web, self.family, settings.detail),
            callers=Callers([Caller(name, key) for name, key in settings.caller_keys], self._entra_tokens),
            allowances=Allowances(settings.openai_compatible_calls, settings.openai_compatible_usd),
            memory=self.memory,
            families=self.family,
            models=(settings.model_server.model, *settings.models_allowed),
            budget=self.budget,
            saved=saved,
        )

    @property
    def _entra_tokens(self) -> EntraTokens | None:
        """The accepted tokens of other programs, if any."""
        settings = self.settings
        if not settings.openai_compatible_tenant:
            return None
        from describer.adapters.entra_keys import MAX_BYTES, EntraKeys
        from describer.adapters.web.fetch import Web
        from describer.entrypoints.openai_compatible.tokens import EntraTokens

        return EntraTokens(
            tenant=settings.openai_compatible_tenant,
            audiences=settings.audiences,
            roles=frozenset(settings.openai_compatible_roles),
            objects=frozenset(settings.openai_compatible_identities),
            keys=EntraKeys(settings.openai_compatible_tenant, Web(MAX_BYTES)),
        )

    def http_for(self, route_params: Mapping[str, str]) -> ASGIApp:
        """Return the HTTP interface for a call with these path parameters, which the host decoded once."""
        from describer.entrypoints.http.paths import decoded_once

        return decoded_once(self.http, route_params)

    @cached_property
    def deleted_pictures(self) -> DeletedPictures:
        """Settles the records of deleted pictures."""
        from describer.pipeline.deleted_pictures import DeletedPictures

        return DeletedPictures(self._images, self.records, self._deleted_retention)

    @property
    def cleanup_schedule(self) -> str:
        """The schedule for removing records of deleted pictures, likewise."""
        return _every_day(self.settings.deleted_cleanup_at)

    @cached_property
    def cleanup(self) -> Cleanup:
        """Removes records of deleted pictures."""
        from describer.pipeline.cleanup import Cleanup

        _ = self.telemetry  # start exporting, in case this instance has not processed a picture yet
        return Cleanup(self.deleted_pictures, self._blob_filter.containers)

    @property
    def _deleted_retention(self) -> timedelta:
        return timedelta(days=self.settings.deleted_retention_days)

    @cached_property
    def purger(self) -> Purger:
        """Erases all data about a picture."""
        from describer.pipeline.purge import Purger

        return Purger(self._blob_filter, self._images, self.records)

    @cached_property
    def corrector(self) -> Corrector:
        """Applies people's corrections."""
        from describer.pipeline.correct import Corrector

        return Corrector(
            self._blob_filter,
            self._images,
            self.records,
            self._topic,
            self._queue(WORK_QUEUE),
            self.settings.write_metadata,
            self.settings.reviewed_by,
        )

    @cached_property
    def _topic(self) -> Topic:
        from describer.adapters.event_grid import NoTopic

        return self.publisher if self.settings.events_topic_endpoint else NoTopic()

    @cached_property
    def memory(self) -> MemoryBudget:
        """The memory budget that all entry points share."""
        from describer.pipeline.memory_budget import MemoryBudget

        return MemoryBudget(self.settings.held_images_mb * MIB)

    @cached_property
    def on_demand(self) -> OnDemandService:
        """The on-demand service."""
        from describer.entrypoints.on_demand.service import OnDemandService
        from describer.entrypoints.on_demand.sources import Loader

        settings, image_describer = self.settings, self._image_describer
        if self.telemetry:
            from describer.adapters.telemetry import traced_describer

            image_describer = traced_describer(
                image_describer, self.telemetry, _PROVIDERS[settings.model_server.provider]
            )
        return OnDemandService(
            pipeline=self.pipeline,
            records=self.records,
            image_describer=image_describer,
            loader=Loader(self._blob_filter, self._images, self.web, self.memory, settings.max_bytes),
            default_brief=self.brief,
            models=settings.models_allowed,
        )

    @cached_property
    def tools(self) -> Tools:
        """The MCP tools for agents."""
        from describer.entrypoints.mcp import Tools

        account = self.settings.images_blob_uri
        return self._kept(Tools(self.on_demand, self.catalogue, self.memory, account))

    @cached_property
    def _image_describer(self) -> ImageDescriber:
        from describer.pipeline.describe import ImageDescriber

        describer = ImageDescriber(self._preparer, self.model, self.records, self.family)
        return replace(describer, deferral=self.budget.deferral) if self.budget else describer

    @cached_property
    def _preparer(self) -> ProcessPreparer:
        from describer.vision.imaging.preparer import ProcessPreparer
        from describer.vision.imaging.values import Limits

        limits = Limits(self.settings.max_bytes, self.settings.decode_memory_mb * MIB)
        settings = self.settings
        return self._kept(ProcessPreparer(self.family, limits, settings.photo_tokens, settings.text_tokens))

    @cached_property
    def _blob_filter(self) -> BlobFilter:
        from describer.domain.renditions import Renditions
        from describer.pipeline.blob_filter import BlobFilter

        settings = self.settings
        rules, xmp = Renditions(settings.renditions), settings.xmp_sidecars
        globs = settings.images_include, settings.images_exclude
        return BlobFilter(settings.containers, *globs, rules, xmp_sidecars=xmp)

    @cached_property
    def _blobs(self) -> BlobServiceClient:
        from describer.adapters.storage import blob_service

        return self._kept(blob_service(self.settings.images_account))

    @cached_property
    def _images(self) -> BlobImages:
        from describer.adapters.blob_images import BlobImages

        return BlobImages(self._blobs)

    @cached_property
    def records(self) -> BlobRecords:
        """The sidecars."""
        from describer.adapters.sidecars import BlobRecords

        return BlobRecords(self._blobs.get_container_client(self.settings.descriptions_container))

    @cached_property
    def telemetry(self) -> Telemetry | None:
        """The instruments for traces and metrics, or None. Exporting starts with the first picture."""
        connection_string = self.settings.insights_connection.get_secret_value()
        if not connection_string:
            return None
        from describer.adapters.app_insights import connect
        from describer.adapters.telemetry import Names, Telemetry

        names = Names(in_clear=self.settings.telemetry_blob_names)
        return Telemetry.of(*connect(connection_string, names.render), names)

    @cached_property
    def work_log(self) -> WorkLog:
        """The work log, with metrics if telemetry is on."""
        from describer.pipeline.work_log import WorkLog

        if self.telemetry is None:
            return WorkLog()
        from describer.adapters.telemetry import MeteredWorkLog

        return MeteredWorkLog(self.telemetry)

    @cached_property
    def model(self) -> Model:
        """The vision model."""
        from describer.adapters.chat.client import ChatModel
        from describer.adapters.chat.gateway import Gateway

        settings = self.settings
        gateway = Gateway(settings.blocked_last_pictures, settings.blocked_window_seconds, settings.max_attempts)
        deadline = settings.model_deadline_seconds
        model: Model = ChatModel(self._chat_client, self.family, deadline, self.limiter, gateway=gateway)
        if self._batches:
            from describer.pipeline.backfill.batches import PrepaidModel

            model = PrepaidModel(model, self._batches, self._backfills)
        if self.budget is None:
            return model
        from describer.pipeline.budgeted_model import BudgetedModel

        return BudgetedModel(model, self.budget, self.family)

    @cached_property
    def _chat_client(self) -> AsyncOpenAI:
        from describer.adapters.chat.client import connect
        from describer.adapters.credentials import credential

        server = self.settings.model_server
        signed_in = credential() if server.by_token else None
        scope = self.settings.azure_openai_scope
        return self._kept(connect(server.base_url, key=server.key, credential=signed_in, scope=scope))

    @cached_property
    def budget(self) -> DailyBudget | None:
        """The daily budget for the model; None: unlimited."""
        if not self.settings.daily_budget_usd:
            return None
        from describer.adapters.budget_ledger import BUDGET_CONTAINER, BlobLedger
        from describer.adapters.storage import blob_service
        from describer.pipeline.daily_budget import DailyBudget

        service = self._kept(blob_service(self.settings.host_account))
        ledger = BlobLedger(service.get_container_client(BUDGET_CONTAINER))
        return self._kept(DailyBudget(self.settings.daily_budget_usd, ledger))

    @cached_property
    def limiter(self) -> Limiter:
        """Decides when a call to the model may be sent."""
        from describer.adapters.chat.limiter import Limiter

        return Limiter(self.settings.model_concurrency)

    @cached_property
    def web(self) -> Web:
        """Fetches pictures by URL."""
        from describer.adapters.web.fetch import Timeouts, Web
        from describer.adapters.web.urls import Rules

        settings = self.settings
        rules = Rules(settings.url_allow_http, settings.url_allow_hosts, settings.url_deny_hosts)
        return Web(settings.max_bytes, rules, Timeouts(total=settings.url_timeout_seconds))

    async def checks(self) -> list[Check]:
        """Run all configured health checks concurrently, within ten seconds."""
        from describer.operations.health import check_all

        return await check_all(self.probes)

    @cached_property
    def probes(self) -> tuple[Probe, ...]:
        """One health check per connection."""
        return self._probes(of_azure=False)

    @cached_property
    def probes_of_azure_too(self) -> tuple[Probe, ...]:
        """The same and those through Azure Resource Manager, for people rather than for the app's own identity."""
        return self._probes(of_azure=True)

    def _probes(self, *, of_azure: bool) -> tuple[Probe, ...]:
        from describer.operations.probe_list import Queues, probes

        family = self.family(self.settings.model_server.model)
        queues = Queues(WORK_QUEUE, DEAD_LETTER_QUEUE, UNPUBLISHED_QUEUE)
        return tuple(probes(self.settings, family, queues, self._kept, of_azure=of_azure))

    def family(self, model: str) -> Family:
        """Return the model's family: MODEL_FAMILY applies to the default model; others are recognized by name."""
        from describer.vision.families import family, generic

        name = self.settings.model_family if model == self.settings.model_server.model else ""
        return family(name or model) or generic()

    @cached_property
    def brief(self) -> Brief:
        """The default request for a picture."""
        from describer.vision.brief import Brief
        from describer.vision.policy import Policy

        settings = self.settings
        model = settings.model_server.model
        rows = (
            (settings.languages_by_prefix, "languages"),
            (settings.profiles, "profile"),
            (settings.guidance, "guidance"),
        )
        return Brief(
            settings.languages,
            model,
            settings.detail,
            settings.max_completion_tokens,
            photo_tokens=settings.photo_tokens,
            text_tokens=settings.text_tokens,
            embedded_context=settings.embedded_context or "embedded" in settings.context_of,
            profile=settings.profiles.default,
            guidance=settings.guidance.default,
            by_prefix=tuple(row for values, name in rows for row in values.rows(name)),
            context_of=settings.context_of,
            words_to_use=settings.keywords_use,
            words_to_avoid=settings.keywords_avoid,
            policy=Policy(settings.soft_chars, settings.hard_chars, frozenset(settings.rules_off), settings.rule_words),
        )


def _every_day(at: str) -> str:
    """Return a time of day as the timer trigger writes it (NCRONTAB); empty if there is none."""
    hour, _, minute = at.partition(":")
    return f"0 {int(minute)} {int(hour)} * * *" if hour else ""
