"""Lists the health checks for an installation's settings."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from describer.adapters.blob_images import BlobImages
from describer.adapters.budget_ledger import BUDGET_CONTAINER, BlobLedger
from describer.adapters.chat import client as chat
from describer.adapters.credentials import credential
from describer.adapters.probes import manager, topic
from describer.adapters.probes.identity import STORAGE_SCOPE, IdentityProbe
from describer.adapters.probes.model import ModelProbe
from describer.adapters.probes.storage import ContainerProbe, QueueProbe
from describer.adapters.probes.topic import TopicProbe
from describer.adapters.sidecars import BlobRecords
from describer.adapters.storage import blob_service, queue_client
from describer.domain.errors import Misconfigured
from describer.domain.renditions import Renditions
from describer.operations.daily_budget import BudgetProbe
from describer.operations.derived_sizes import DerivedSizesProbe
from describer.operations.drift import DriftProbe
from describer.operations.health import StaticProbe
from describer.operations.openai_compatible import OpenAiCompatibleProbe
from describer.pipeline.blob_filter import BlobFilter
from describer.pipeline.ports import Probe, ProbeResult, Verdict
from describer.settings import Provider, Settings
from describer.vision.brief import Brief
from describer.vision.families import Family
from describer.vision.sizing import Sizes

PROCESSING: Final = "model: where pictures are processed"
SUBSCRIPTION: Final = "event subscription"


# Azure's public cloud; other clouds have other addresses.
_ACCOUNT: Final = re.compile(r"https://([a-z0-9]{3,24})\.blob\.core\.windows\.net")
_RESOURCE: Final = re.compile(
    r"https://([a-z0-9-]{2,64})\.(?:openai\.azure\.com|cognitiveservices\.azure\.com|services\.ai\.azure\.com)/"
)


@dataclass(frozen=True, slots=True)
class Queues:
    """Names of the queues to check: work, messages for a person, unpublished events."""

    work: str
    dead_letters: str
    unpublished: str


class Closable(Protocol):
    """A client with connections."""

    async def close(self) -> None: ...


class Keep(Protocol):
    """Registers a client to be closed at the end."""

    def __call__[T: Closable](self, client: T, /) -> T:
        """Register a client and return it."""


def probes(
    settings: Settings, family: Family, queues: Queues, keep: Keep, *, of_azure: bool = False
) -> Iterator[Probe]:
    """Yield a probe for each configured connection; nothing is connected yet.

    With `of_azure`, Azure Resource Manager is asked too, with the identity signed in here.
    """
    azure = keep(manager.connect(credential())) if of_azure else None
    yield StaticProbe("settings", ProbeResult(Verdict.OK, "Complete and valid."))
    yield from _readable("IMAGES", _containers(settings, keep))
    yield from _readable("AzureWebJobsStorage", _queues(settings, queues, keep))
    if of_azure:  # only for people: each check lists thousands of blobs
        yield from _readable("IMAGES", _drift(settings, keep))
        yield from _readable("IMAGES", _derived(settings, family, keep))
    yield from _model(settings, family, keep)
    yield from _readable("AzureWebJobsStorage", _budget(settings, keep))
    if settings.model_server.provider is Provider.AZURE and settings.model_server.model:
        yield _processing(settings, azure)
    yield from _topic(settings, keep)
    if settings.openai_compatible:
        yield OpenAiCompatibleProbe(settings)
    yield _subscription(settings, azure)


def _readable(setting: str, found: Iterator[Probe]) -> Iterator[Probe]:
    """Yield the probes, or a failure if the connection string is invalid, so that other connections are checked."""
    try:
        yield from found
    except Misconfigured:
        sentence = f"{setting} is not a storage account's connection string."
        yield StaticProbe(
            f"storage: {setting}", ProbeResult(Verdict.FAILED, sentence, "Copy it again, or set addresses instead.")
        )


def _containers(settings: Settings, keep: Keep) -> Iterator[Probe]:
    images = settings.images_account
    if images.blob_uri and not images.connection_string:
        signed_in = credential(managed=images.managed, client_id=images.client_id)
        yield IdentityProbe("storage", signed_in, STORAGE_SCOPE, images.managed)
    if images.blob_uri or images.connection_string:
        blobs = keep(blob_service(images, retries=0))
        for container in settings.containers:
            yield ContainerProbe(blobs.get_container_client(container), "IMAGES_CONTAINER", settings.write_metadata)
        descriptions = blobs.get_container_client(settings.descriptions_container)
        yield ContainerProbe(descriptions, "DESCRIPTIONS_CONTAINER", writes=True)


def _drift(settings: Settings, keep: Keep) -> Iterator[Probe]:
    images = settings.images_account
    if settings.write_metadata and (images.blob_uri or images.connection_string):
        blobs = keep(blob_service(images, retries=0))
        records = BlobRecords(blobs.get_container_client(settings.descriptions_container))
        for container in settings.containers:
            yield DriftProbe(BlobImages(blobs), records, container)


def _derived(settings: Settings, family: Family, keep: Keep) -> Iterator[Probe]:
    images = settings.images_account
    if not (images.blob_uri or images.connection_string):
        return
    pictures = BlobImages(keep(blob_service(images, retries=0)))
    model, detail = settings.model_server.model, settings.detail
    brief = Brief(settings.languages, model, detail, settings.max_completion_tokens)
    sizes = Sizes(family, detail, photo_tokens=settings.photo_tokens, text_tokens=settings.text_tokens)
    rules = Renditions(settings.renditions)
    blob_filter = BlobFilter(settings.containers, settings.images_include, settings.images_exclude, rules)
    for container in settings.containers:
        yield DerivedSizesProbe(pictures, container, blob_filter, brief, sizes)


def _queues(settings: Settings, queues: Queues, keep: Keep) -> Iterator[Probe]:
    host = settings.host_account
    if host.queue_uri or host.connection_string:
        used = (queues.work, queues.dead_letters, *([queues.unpublished] if settings.events_topic_endpoint else []))
        for name in used:
            yield QueueProbe(keep(queue_client(host, name, retries=0)), by_hand=name == queues.dead_letters)


def _model(settings: Settings, family: Family, keep: Keep) -> Iterator[Probe]:
    server = settings.model_server
    if not server.model or not server.base_url.startswith("http"):
        return
    signed_in = credential() if server.by_token else None
    if signed_in:
        yield IdentityProbe("model", signed_in, settings.azure_openai_scope, managed=False)
    client = chat.connect(server.base_url, key=server.key, credential=signed_in, scope=settings.azure_openai_scope)
    brief = Brief(settings.languages, server.model, settings.detail, settings.max_completion_tokens)
    yield ModelProbe(keep(client), server, brief, family)


def _budget(settings: Settings, keep: Keep) -> Iterator[Probe]:
    host = settings.host_account
    if settings.daily_budget_usd and (host.blob_uri or host.connection_string):
        container = keep(blob_service(host, retries=0)).get_container_client(BUDGET_CONTAINER)
        yield BudgetProbe(settings.daily_budget_usd, BlobLedger(container))


def _topic(settings: Settings, keep: Keep) -> Iterator[Probe]:
    endpoint = settings.events_topic_endpoint
    if not endpoint:
        yield StaticProbe("topic", ProbeResult(Verdict.OK, "None is set: outcomes are not published."))
        return
    client = topic.connect(endpoint, credential())
    yield TopicProbe(keep(client), endpoint)


def _processing(settings: Settings, azure: manager.Client | None) -> Probe:
    server = settings.model_server
    if azure and (found := _RESOURCE.match(server.base_url)):
        return manager.ProcessingProbe(azure, PROCESSING, found[1], server.model)
    return StaticProbe(
        PROCESSING,
        ProbeResult(
            Verdict.UNKNOWN,
            "The model's server does not reveal it: the deployment's type decides (Standard: its region, "
            "DataZoneStandard: its data zone, GlobalStandard: anywhere).",
            "Ask Azure for the type: `az cognitiveservices account deployment list`, sku.name.",
        ),
    )


def _subscription(settings: Settings, azure: manager.Client | None) -> Probe:
    if azure and (found := _ACCOUNT.match(settings.images_blob_uri)):
        return manager.SubscriptionProbe(azure, SUBSCRIPTION, found[1], settings.images_container)
    return StaticProbe(
        SUBSCRIPTION,
        ProbeResult(
            Verdict.UNKNOWN,
            "It cannot be checked from here whether uploads reach the app.",
            "Upload a picture and wait for its sidecar, or run `az eventgrid system-topic event-subscription list`; "
            f"expect one for BlobCreated below /blobServices/default/containers/{settings.images_container}/blobs/.",
        ),
    )
