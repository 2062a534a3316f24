"""Checks who may call the OpenAI-compatible endpoint."""

from dataclasses import dataclass, field

from describer.adapters.entra_keys import AUTHORITY, MAX_BYTES, EntraKeys
from describer.adapters.web.fetch import Web
from describer.domain.errors import DescriberError
from describer.pipeline import ports
from describer.pipeline.ports import ProbeResult, Verdict
from describer.settings import Settings

_ADVICE = (
    f"The app needs {AUTHORITY} to check callers' tokens: see OPENAI_COMPATIBLE_TENANT, and what the network lets out."
)


@dataclass(frozen=True, slots=True)
class OpenAiCompatibleProbe:
    """Counts keys, and fetches the signing keys of the tenant whose tokens are accepted."""

    settings: Settings
    web: ports.Web = field(default_factory=lambda: Web(MAX_BYTES))
    name: str = "OpenAI-compatible endpoint"

    async def check(self) -> ProbeResult:
        tenant, keys = self.settings.openai_compatible_tenant, len(self.settings.caller_keys)
        found = f"Open to {keys} {'key' if keys == 1 else 'keys'}"
        if not tenant:
            return ProbeResult(Verdict.OK, f"{found}; tokens are not accepted.")
        try:
            signing = await EntraKeys(tenant, self.web).fetched()
        except DescriberError:
            signing = 0
        if not signing:
            return ProbeResult(Verdict.FAILED, f"{found}; the tenant's signing keys cannot be fetched.", _ADVICE)
        return ProbeResult(Verdict.OK, f"{found}, and to tokens of the tenant ({signing} signing keys).")
