"""Chooses the model's server, and so where the pictures go.

Only MODEL_PROVIDER decides, which the Makefile takes from its command line alone: an endpoint or a key in the user's
environment must not make a picture leave the machine.
"""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from local import children

STAND_IN = "local-stand-in"  # the deployment that local/stack.py names
_IS = {
    "vision": "described by the local stand-in: an object detector with OCR, not a language model; "
    "where it recognises nothing, the picture needs a review",
    "script": "described by a script for tests, which looks at nothing",
}
_NEEDED = {
    "azure": ("AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_DEPLOYMENT"),
    "openai": ("OPENAI_BASE_URL", "OPENAI_MODEL"),
}
_OPTIONAL = {
    "azure": ("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_SCOPE", "MODEL_FAMILY", "AZURE_CONFIG_DIR", "AZD_CONFIG_DIR"),
    "openai": ("OPENAI_API_KEY", "MODEL_FAMILY"),
}
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
_DIRECT = "127.0.0.1,localhost"


class Unusable(Exception):
    """The demo cannot start; the text is one sentence that says what to change."""


@dataclass(frozen=True, slots=True)
class Provider:
    """The model's server.

    Args:
        where: a sentence on where the pictures go.
        caption: the same, as a caption for its texts.
        command: the stand-in's; None if `settings` name a model that runs elsewhere.
        settings: app settings.

    """

    where: str
    caption: str
    command: Sequence[str] | None = None
    settings: Mapping[str, str] = field(default_factory=dict, repr=False)


def choose(environ: Mapping[str, str], answers: str = "vision") -> Provider:
    """Choose by MODEL_PROVIDER: `local` (the default), `azure` or `openai`.

    Args:
        environ: has the user's own settings.
        answers: the local stand-in's answers, `vision` or `script`.

    Raises:
        Unusable: it is none of the three, or a setting is missing.

    """
    chosen = environ.get("MODEL_PROVIDER", "").strip() or "local"
    if chosen == "local":
        command = children.module("local.azure_openai", "--answers", answers, "--deployment", STAND_IN)
        return Provider(f"Pictures stay on this machine: {_IS[answers]}.", _IS[answers], command)
    if chosen not in _NEEDED:
        raise Unusable(f"MODEL_PROVIDER is {chosen!r}; expected azure or openai, or nothing for the local stand-in.")
    return _real(chosen, {name: value for name, value in environ.items() if value.strip()})


def _real(chosen: str, given: Mapping[str, str]) -> Provider:
    address, model = _NEEDED[chosen]
    missing = [name for name in (address, model) if name not in given]
    if missing:
        raise Unusable(f"MODEL_PROVIDER={chosen} needs {' and '.join(missing)} in the environment.")
    host, port = _host(address, given[address])
    at = f"{host}:{port}" if port else host
    kind = "deployment" if chosen == "azure" else "model"
    goes = "stay on this machine, at" if _is_here(host) else "are sent to"
    settings = {name: given[name] for name in (*_NEEDED[chosen], *_OPTIONAL[chosen]) if name in given}
    settings |= {"MODEL_PROVIDER": chosen} | _proxies(given)
    if chosen == "azure" and "AZURE_OPENAI_API_KEY" not in given:
        settings["AZURE_TOKEN_CREDENTIALS"] = "dev"  # noqa: S105 - whom azure-identity asks: az, azd, an editor
    return Provider(
        f"Pictures {goes} {at} ({kind} {given[model]}).", f"described by {given[model]} at {at}", settings=settings
    )


def _host(name: str, address: str) -> tuple[str, int | None]:
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:  # a port that is not a number, an unclosed bracket
        host, port, parts = None, None, urlsplit("")
    if not host or parts.scheme not in {"http", "https"}:
        raise Unusable(f"{name} is {address!r}; expected an address such as https://NAME.openai.azure.com.")
    return host, port


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _proxies(given: Mapping[str, str]) -> dict[str, str]:
    """Return the user's proxy settings, in both spellings; this machine is reached directly."""
    names = [*_PROXIES, *(name.upper() for name in _PROXIES)]
    proxies = {name: given[name] for name in names if name in given}
    theirs = given.get("no_proxy") or given.get("NO_PROXY")
    direct = f"{_DIRECT},{theirs}" if theirs else _DIRECT
    return {**proxies, "NO_PROXY": direct, "no_proxy": direct} if proxies else {}
