"""Finds an existing model, or a region for a new one, before anything is created."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.hooks import batch
from infra.hooks.commands import Azure, Stop

Ask = Callable[[str, Sequence[str]], str]
"""Asks a person: takes the question and the choices, and returns one of them."""

WHERE = {
    "GlobalStandard": "any region of Azure",
    "DataZoneStandard": "within the EU or the US, as the model's region is",
    "Standard": "the model's region",
}
TABLE = Path(__file__).resolve().parents[1] / "models.json"
"""The models with each, as far as documented."""

_FAMILY, _VERSION, _CAPACITY = "gpt-5.6-luna", "2026-07-09", "100"
_DELETED = re.compile(
    r"/locations/(?P<region>[^/]+)/resourceGroups/(?P<group>[^/]+)/deletedAccounts/(?P<name>[^/]+)$", re.IGNORECASE
)
_LEAVING = {"deprecating", "deprecated"}


@dataclass(frozen=True)
class Wish:
    """The wanted deployment, from azd's environment."""

    name: str
    version: str
    sku: str
    capacity: int
    region: str

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "Wish":
        """Read it, with the defaults of main.bicep; `sku` and `region` may be empty."""
        capacity = environ.get("MODEL_CAPACITY") or _CAPACITY
        if not capacity.isdecimal():
            raise Stop(
                f"MODEL_CAPACITY is {capacity}; expected a whole number.",
                "azd",
                "env",
                "set",
                "MODEL_CAPACITY",
                _CAPACITY,
            )
        return cls(
            environ.get("MODEL_NAME") or _FAMILY,
            environ.get("MODEL_VERSION") or _VERSION,
            environ.get("MODEL_SKU_NAME", ""),
            int(capacity),
            _plain(environ.get("OPENAI_LOCATION", "")),
        )


def find(azure: Azure, ask: Ask | None) -> dict[str, str]:
    """Return the variables for the model to store in azd's environment.

    Raises:
        Stop: it cannot be created; the text names the choices.
    """
    return _existing(azure) if azure.environ.get("EXISTING_OPENAI") else _new(azure, ask)


def _new(azure: Azure, ask: Ask | None) -> dict[str, str]:
    wish = Wish.read(azure.environ)
    region = wish.region or _plain(azure.environ.get("AZURE_LOCATION", ""))
    if not region:
        raise Stop("In which region is the model to be?", "azd", "env", "set", "OPENAI_LOCATION", "swedencentral")
    restore = _deleted(azure, region)
    models = _models(azure, wish, region)
    if not models:
        usages = [f"OpenAI.{sku}.{wish.name}" for sku in ([wish.sku] if wish.sku else WHERE)]
        region = _another(azure, wish, f"{region} has no {wish.name}.", usages, ask)
        models = _models(azure, wish, region)
    offer = _version(wish, models, region)
    _warn(offer)
    sku = _sku(wish, offer, region, ask)
    chosen = region
    # A deployment that exists, or is restored, has its own quota.
    if not azure.environ.get("OPENAI_ACCOUNT_NAME") and not restore:
        chosen = _with_quota(azure, wish, _usage(offer, sku), region, ask)
    if chosen != region:
        offer = _version(wish, _models(azure, wish, chosen), chosen)
    if not restore:
        batch.check(azure, offer, chosen, lambda: _free(azure, chosen))
    return {"MODEL_SKU_NAME": sku, "OPENAI_LOCATION": chosen, "RESTORE_OPENAI": "true" if restore else "false"}


def _deleted(azure: Azure, region: str) -> bool:
    """Return whether `azd down` left our account soft-deleted; not stored, since it must be restored only once."""
    group = f"rg-{azure.environ.get('AZURE_ENV_NAME', '')}".lower()
    for account in azure.az("cognitiveservices", "account", "list-deleted") or []:
        found = _DELETED.search(account["id"])
        if found is None or found["group"].lower() != group or not found["name"].startswith("oai-"):
            continue
        if _plain(found["region"]) == region:
            print(f"{found['name']} was deleted and can be brought back for 48 hours: that is done now.")
            return True
        where = ("--name", found["name"], "--resource-group", found["group"], "--location", found["region"])
        raise Stop(
            f"{found['name']} was deleted in {found['region']}, and keeps its name for 48 hours: set OPENAI_LOCATION to"
            f" {found['region']} to bring it back, or remove it for good:",
            *azure.words("cognitiveservices", "account", "purge", *where),
        )
    return False


def _models(azure: Azure, wish: Wish, region: str) -> list[Mapping[str, Any]]:
    """Return the model's versions in this region."""
    listed = azure.az("cognitiveservices", "model", "list", "--location", region) or []
    return [one["model"] for one in listed if one.get("kind") == "OpenAI" and one["model"]["name"] == wish.name]


def _version(wish: Wish, models: Sequence[Mapping[str, Any]], region: str) -> Mapping[str, Any]:
    for model in models:
        if model["version"] == wish.version:
            return model
    versions = sorted({model["version"] for model in models}, reverse=True)
    sentence = f"{region} has no {wish.name} of version {wish.version}; there are: {', '.join(versions) or 'none'}."
    raise Stop(sentence, "azd", "env", "set", "MODEL_VERSION", versions[0] if versions else wish.version)


def _warn(model: Mapping[str, Any]) -> None:
    if str(model.get("lifecycleStatus", "")).lower() in _LEAVING:
        end = (model.get("deprecation") or {}).get("inference", "a date that Azure does not say")
        print(f"{model['name']} {model['version']} is on its way out: it answers until {end}.")


def _sku(wish: Wish, offer: Mapping[str, Any], region: str, ask: Ask | None) -> str:
    choices = [sku["name"] for sku in offer.get("skus") or [] if sku["name"] in WHERE]
    if wish.sku in choices:
        return wish.sku
    offered = "; ".join(f"{sku}: {WHERE[sku]}" for sku in choices) or "none"
    if wish.sku:
        sentence = f"{wish.name} has no deployment {wish.sku} in {region}; there are: {offered}."
    else:
        sentence = f"Where may pictures be processed? There is no default. {offered}."
        if ask and choices:
            return ask(sentence, choices)
    others = sorted(name for name, skus in _documented().items() if wish.sku in skus)
    if wish.sku and others:
        sentence += f" Models that have {wish.sku} somewhere: {', '.join(others)}."
    raise Stop(sentence, "azd", "env", "set", "MODEL_SKU_NAME", choices[0] if choices else "GlobalStandard")


def _documented() -> Mapping[str, Sequence[str]]:
    found: Mapping[str, Sequence[str]] = json.loads(TABLE.read_text(encoding="utf-8"))["models"]
    return found


def _usage(offer: Mapping[str, Any], sku: str) -> str:
    """Return Azure's name for the quota."""
    named = [one.get("usageName") for one in offer["skus"] if one["name"] == sku]
    return named[0] or f"OpenAI.{sku}.{offer['name']}"


def _with_quota(azure: Azure, wish: Wish, usage: str, region: str, ask: Ask | None) -> str:
    free = _free(azure, region).get(usage, 0)
    if free >= wish.capacity:
        return region
    sentence = f"{region} has {free} thousand tokens a minute left of {usage}, and MODEL_CAPACITY is {wish.capacity}."
    if free:
        raise Stop(
            f"{sentence} Take less, or name another region (OPENAI_LOCATION).",
            "azd",
            "env",
            "set",
            "MODEL_CAPACITY",
            str(free),
        )
    return _another(azure, wish, sentence, [usage], ask)


def _another(azure: Azure, wish: Wish, sentence: str, usages: Sequence[str], ask: Ask | None) -> str:
    """Return another region with quota: ask if none was chosen; never take one silently."""
    others = list(_regions(azure, wish, usages))
    if not others:
        raise Stop(
            f"{sentence} No region has {wish.capacity} thousand tokens a minute of {' or '.join(usages)} left; ask for"
            " quota (https://aka.ms/oai/stuquotarequest), or choose another model (MODEL_NAME, MODEL_VERSION)."
        )
    if ask and not wish.region:
        return ask(f"{sentence} In which region is the model to be?", others)
    raise Stop(
        f"{sentence} Regions with quota: {', '.join(others)}.", "azd", "env", "set", "OPENAI_LOCATION", others[0]
    )


def _regions(azure: Azure, wish: Wish, usages: Sequence[str]) -> Iterator[str]:
    """Return the regions with so much quota; one request each takes a minute in all."""
    print("Looking for regions with quota")
    query = "resourceTypes[?resourceType=='accounts'].locations[]"
    listed = azure.az("provider", "show", "--namespace", "Microsoft.CognitiveServices", "--query", query) or []
    for region in sorted({_plain(name) for name in listed} - {"global"}):
        free = _free(azure, region)
        if any(free.get(usage, 0) >= wish.capacity for usage in usages):
            yield region


def _free(azure: Azure, region: str) -> dict[str, int]:
    """Return the unused part of each quota of a region."""
    listed = azure.az("cognitiveservices", "usage", "list", "--location", region) or []
    return {one["name"]["value"]: max(0, int(one["limit"] - one["currentValue"])) for one in listed}


def _existing(azure: Azure) -> dict[str, str]:
    environ = azure.environ
    name, group = environ["EXISTING_OPENAI"], environ.get("EXISTING_OPENAI_RESOURCE_GROUP", "")
    account = azure.named(azure.az("cognitiveservices", "account", "list"), name, group)
    if account is None:
        words = azure.words("cognitiveservices", "account", "list", "-o", "table")
        raise Stop(azure.absent("Azure OpenAI account", name, group), *words)
    where = ("--name", account["name"], "--resource-group", account["resourceGroup"])
    if not account["properties"].get("customSubDomainName"):
        sentence = f"{name} has no subdomain of its own, which signing in by identity requires."
        raise Stop(
            sentence, *azure.words("cognitiveservices", "account", "update", *where, "--custom-domain", name.lower())
        )
    return {"EXISTING_OPENAI_RESOURCE_GROUP": account["resourceGroup"], **_deployment(azure, where)}


def _deployment(azure: Azure, where: tuple[str, ...]) -> dict[str, str]:
    """Return the deployment's capacity, which determines concurrency; 0 if it is not counted in tokens."""
    named = azure.environ.get("EXISTING_OPENAI_DEPLOYMENT", "")
    deployments = azure.az("cognitiveservices", "account", "deployment", "list", *where) or []
    names = ", ".join(deployment["name"] for deployment in deployments) or "none"
    if not named:
        first = deployments[0]["name"] if deployments else "NAME"
        sentence = f"Which deployment of {where[1]} is asked? There are: {names}."
        raise Stop(sentence, "azd", "env", "set", "EXISTING_OPENAI_DEPLOYMENT", first)
    for deployment in deployments:
        if deployment["name"].lower() == named.lower():
            sku = deployment.get("sku") or {}
            counted = sku.get("name") in WHERE
            return {"EXISTING_OPENAI_CAPACITY": str(int(sku.get("capacity") or 0)) if counted else "0"}
    raise _undeployed(azure, where, named, names)


def _undeployed(azure: Azure, where: tuple[str, ...], named: str, names: str) -> Stop:
    wish = Wish.read(azure.environ)
    if not wish.sku:
        choices = "; ".join(f"{sku}: {place}" for sku, place in WHERE.items())
        sentence = f"{where[1]} has no deployment {named}. To create it: where may pictures be processed? {choices}."
        return Stop(sentence, "azd", "env", "set", "MODEL_SKU_NAME", "GlobalStandard")
    model = ("--model-name", wish.name, "--model-format", "OpenAI", "--model-version", wish.version)
    sku = ("--sku-name", wish.sku, "--sku-capacity", str(wish.capacity))
    words = ("cognitiveservices", "account", "deployment", "create", *where, "--deployment-name", named)
    return Stop(f"{where[1]} has no deployment {named}; there are: {names}.", *azure.words(*words, *model, *sku))


def _plain(region: str) -> str:
    """Return a region in the form of commands: `Sweden Central` is `swedencentral`."""
    return region.replace(" ", "").lower()
