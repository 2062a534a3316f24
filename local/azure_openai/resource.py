"""The emulated Azure OpenAI resource: its deployments, callers and limits."""

from dataclasses import dataclass, field

from local.azure_openai.access import Access
from local.azure_openai.batches import BatchStore
from local.azure_openai.quota import Quota

MAX_BODY = 64 * 1024 * 1024
"""Bytes of a request body: two pictures of Azure's maximum size in base64, within a laptop's memory."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment.

    Args:
        name: what callers send as `model`.
        model: the dated name in answers.
        reasoning: whether its family rejects `temperature`, `max_tokens` and the like.
        quota: its rate limit; None: no limit and no rate-limit headers.
    """

    name: str
    model: str
    reasoning: bool = True
    quota: Quota | None = None


LUNA = (
    Deployment("gpt-6-luna", "gpt-6-luna-2026-10-15"),
    Deployment("gpt-5.6-luna", "gpt-5.6-luna-2026-07-09"),
    Deployment("gpt-5.6-luna-batch", "gpt-5.6-luna-2026-07-09"),
)


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource.

    Args:
        deployments: all that exist; any other name is 404.
        access: who may call the Azure route.
        region: the value of `x-ms-region`.
        max_body: bytes; more is 413.
        batch_store: files and batches.
    """

    deployments: tuple[Deployment, ...] = LUNA
    access: Access = field(default_factory=Access)
    region: str = "Sweden Central"
    max_body: int = MAX_BODY
    batch_store: BatchStore = field(default_factory=BatchStore, compare=False)

    def find(self, name: str) -> Deployment | None:
        """Return the deployment of that name."""
        return next((deployment for deployment in self.deployments if deployment.name == name), None)
