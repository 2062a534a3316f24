"""The project's own assertions: each yields a sentence for every fault that it finds in an installation."""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.infra import code, compiler
from tests.infra.installation import Installation, Resource

Rule = Callable[[Installation, Path], Iterator[str]]

_CASES = compiler.ROOT / "tests" / "cases"
TABLE: Mapping[str, Any] = tomllib.loads((_CASES / "infra.toml").read_text(encoding="utf-8"))
ROLES: list[Mapping[str, Any]] = tomllib.loads((_CASES / "roles.toml").read_text(encoding="utf-8"))["role"]
_LISTS = re.compile(r"\blist[A-Z]\w*\(|\blistKeys\b")
_CONTAINER = "Microsoft.Storage/storageAccounts/blobServices/containers"
_LOG_ALERT = "Microsoft.Insights/scheduledQueryRules"
_METRIC = "Microsoft.Insights/metricAlerts"
_LINK = "Microsoft.Network/privateDnsZones/virtualNetworkLinks"
_SUBSCRIPTION = "Microsoft.EventGrid/systemTopics/eventSubscriptions"


def foreseen(installation: Installation, infra: Path) -> Iterator[str]:
    """The prediction is whole."""
    del infra
    yield from (f"diagnostic: {diagnostic}" for diagnostic in installation.diagnostics)


def values(installation: Installation, infra: Path) -> Iterator[str]:
    """Resources have the values that the table demands: no key, no public access, TLS 1.2, known words."""
    del infra
    for row in TABLE["must"]:
        for resource in installation.of_type(row["type"]):
            for path, allowed in row["values"].items():
                if (value := _at(resource, path)) not in allowed:
                    yield f"{resource['name']}: {path} is {value!r}, expected {_or(allowed)}. {row['why']}"


def roles(installation: Installation, infra: Path) -> Iterator[str]:
    """The role table, and nothing else."""
    del infra
    if installation.is_subscription:
        return
    names = {row["id"]: row["role"] for row in ROLES}
    expected = {
        (row["who"], row["role"], scope)
        for row in ROLES
        if _applies(row, installation)
        for scope in _scopes(row["scope"], installation)
    }
    actual = {(found.who, names.get(found.role, found.role), found.scope) for found in installation.assignments}
    yield from (f"missing: {who} has {role} on {scope}" for who, role, scope in sorted(expected - actual))
    yield from (f"not in the table: {who} has {role} on {scope}" for who, role, scope in sorted(actual - expected))


def names(installation: Installation, infra: Path) -> Iterator[str]:
    """Containers and queues are called as in the code."""
    del infra
    if installation.is_subscription:
        return
    host, images = installation.places["host"], installation.places["images"]
    queues = {
        _last(queue)
        for queue in installation.of_type("Microsoft.Storage/storageAccounts/queueServices/queues")
        if queue["id"].startswith(host)
    }
    if queues != (wanted := code.queues()):
        yield f"queues of the host account are {sorted(queues)}, the code has {sorted(wanted)}"
    containers = {_last(one) for one in installation.of_type(_CONTAINER) if one["id"].startswith(images)}
    ours = installation.parameters["existingImagesAccount"] == ""
    settings = installation.settings
    pictures = [settings.get("IMAGES_CONTAINER", ""), *settings.get("IMAGES_MORE_CONTAINERS", "").split(",")]
    if [name for name in pictures[1:] if name] != installation.more_containers:
        yield f"the app is told of {pictures[1:]} as further containers, not of {installation.more_containers}"
    expected = {settings.get("DESCRIPTIONS_CONTAINER")} | ({name for name in pictures if name} if ours else set())
    if containers != expected:
        yield f"containers of the images account are {sorted(containers)}, the settings say {expected}"
    if (
        installation.parameters["imagesContainer"] == code.IMAGES_CONTAINER
        and settings.get("DESCRIPTIONS_CONTAINER") != code.DESCRIPTIONS_CONTAINER
    ):
        yield f"the container of descriptions is not the code's own default, {code.DESCRIPTIONS_CONTAINER}"
    for group in _always_ready(installation):
        if group != "blob" and group not in code.triggers():
            yield f"function {group} is kept ready, but the code has none"


def settings(installation: Installation, infra: Path) -> Iterator[str]:
    """Every setting that the code reads is set or known to be optional; nothing is set that nobody reads."""
    del infra
    if installation.is_subscription:
        return
    given = installation.settings
    optional, others = TABLE["settings"]["optional"], TABLE["settings"]["others"]
    yield from (
        f"{name} is read by the code, not set here" for name in sorted(code.SETTINGS - set(given) - set(optional))
    )
    yield from (f"{name} is set, but nobody reads it" for name in sorted(set(given) - code.SETTINGS - set(others)))
    yield from (f"{name} is refused by Flex Consumption" for name in given if name in TABLE["flex"]["settings"])
    site = installation.one("Microsoft.Web/sites")["properties"]["siteConfig"]
    yield from (
        f"siteConfig.{name} is refused by Flex Consumption" for name in site if name in TABLE["flex"]["site_config"]
    )


def keys(installation: Installation, infra: Path) -> Iterator[str]:
    """Functions that list keys stand where the table says, and nowhere else."""
    for path in sorted(infra.rglob("*.bicep")):
        text = "\n".join(
            line for line in path.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("//")
        )
        allowed = TABLE["keys"].get(str(path.relative_to(infra)), {"times": 0})["times"]
        if (times := len(_LISTS.findall(text))) != allowed:
            yield f"{path.name} reads keys {times} times, {allowed} are allowed"
    route = installation.parameters.get("uploadRoute")
    if "listKeys" in str(installation.resources) and (not installation.is_subscription or route != "blobTrigger"):
        yield f"{installation.name} needs a key"


def subscription(installation: Installation, infra: Path) -> Iterator[str]:
    """The event subscription calls a function that exists, with the right trigger, for the right blobs."""
    if not installation.is_subscription:
        return
    found = installation.one(_SUBSCRIPTION)["properties"]
    route = installation.parameters["uploadRoute"]
    queued = found["deliveryWithResourceIdentity"]
    destination = queued["destination"] if queued else found["destination"]
    kinds = {"blobTrigger": "WebHook", "queue": "StorageQueue", "eventGridTrigger": "AzureFunction"}
    if destination["endpointType"] != kinds[route]:
        yield f"{route} delivers to {destination['endpointType']}"
    match destination["endpointType"]:
        case "WebHook":
            address = destination["properties"]["endpointUrl"]
            yield from _calls(address.partition("Host.Functions.")[2].partition("&")[0], "blobTrigger")
        case "AzureFunction":
            yield from _calls(destination["properties"]["resourceId"].rpartition("/functions/")[2], "eventGridTrigger")
        case _ if destination["properties"]["queueName"] not in code.queues():
            yield f"queue {destination['properties']['queueName']} is not the code's"
    yield from _filters(found["filter"], route)
    dead = found["deadLetterWithResourceIdentity"]["deadLetterDestination"]["properties"]["blobContainerName"]
    if f"'{dead}'" not in (infra / "main.bicep").read_text(encoding="utf-8"):
        yield f"dead letters go to {dead}, which main.bicep does not create"


def isolation(installation: Installation, infra: Path) -> Iterator[str]:
    """Under isolation nothing is open but what Event Grid and deployments need, and each service has a way in."""
    del infra
    if installation.is_subscription or not installation.parameters["networkIsolation"]:
        return
    for kind in ("Storage/storageAccounts", "CognitiveServices/accounts", "EventGrid/topics"):
        for resource in installation.of_type(f"Microsoft.{kind}"):
            if resource["properties"]["publicNetworkAccess"] != "Disabled":
                yield f"{resource['name']} is open to the internet"
    endpoints = {
        f"{connection['properties']['privateLinkServiceId']}/{group}"
        for endpoint in installation.of_type("Microsoft.Network/privateEndpoints")
        for connection in endpoint["properties"]["privateLinkServiceConnections"]
        for group in connection["properties"]["groupIds"]
    }
    wanted = {
        "host": ("blob", "queue", "table"),
        "images": ("blob", "queue"),
        "model": ("account",),
        "events": ("topic",) if installation.parameters["publishEvents"] else (),
    }
    if installation.parameters["existingImagesAccount"] and installation.parameters["uploadRoute"] == "queue":
        wanted["images"] = ("blob",)  # it may have no queues
    for place, groups in wanted.items():
        for group in groups:
            if f"{installation.places[place]}/{group}" not in endpoints:
                yield f"no private endpoint for {place}/{group}"
    site = installation.one("Microsoft.Web/sites")["properties"]
    if not site["virtualNetworkSubnetId"]:
        yield "the app is not in the network"
    if site["siteConfig"]["ipSecurityRestrictionsDefaultAction"] != "Deny":
        yield "anybody may call the app"
    zones, links = installation.of_type("Microsoft.Network/privateDnsZones"), installation.of_type(_LINK)
    used = {
        config["properties"]["privateDnsZoneId"]
        for group in installation.of_type("Microsoft.Network/privateEndpoints/privateDnsZoneGroups")
        for config in group["properties"]["privateDnsZoneConfigs"]
    }
    if not len(zones) == len(links) == len(used):
        yield f"{len(zones)} private zones, of which the network knows {len(links)} and endpoints use {len(used)}"
    tags = [
        rule["ipAddress"] for rule in site["siteConfig"]["ipSecurityRestrictions"] if rule.get("tag") == "ServiceTag"
    ]
    if tags != ([] if installation.parameters["uploadRoute"] == "queue" else ["AzureEventGrid"]):
        yield f"the services that may call the app are {tags}"


def watching(installation: Installation, infra: Path) -> Iterator[str]:
    """What the alerts look at is there: logs of the queues that poison comes to, the system topic, the queries."""
    if installation.is_subscription:
        return
    logged = {
        found["id"].removeprefix("[extensionResourceId('").partition("/queueServices/")[0]
        for found in installation.of_type("Microsoft.Insights/diagnosticSettings")
        if {"category": "StorageWrite", "enabled": True} in found["properties"]["logs"]
    }
    wanted = {"host", "images"} if installation.parameters["uploadRoute"] == "blobTrigger" else {"host"}
    for place in ("host", "images"):
        if (installation.places[place] in logged) is not (place in wanted):
            yield f"messages put on queues of {place} are {'not ' if place in wanted else ''}logged"
    queries = {path.read_text(encoding="utf-8") for path in (infra / "alerts").glob("*.kql")}
    for alert in installation.of_type(_LOG_ALERT):
        about = alert["properties"]
        if not about["skipQueryValidation"]:
            yield f"{alert['name']} cannot be created before its tables are"
        queries -= {one["query"] for one in about["criteria"]["allOf"]}
    if queries:
        yield f"no alert asks {sorted(queries)}"
    if installation.places["topic"] not in {
        alert["properties"]["scopes"][0] for alert in installation.of_type(_METRIC)
    }:
        yield "no alert looks at the system topic"


RULES: tuple[Rule, ...] = (foreseen, values, roles, names, settings, keys, subscription, isolation, watching)


def _always_ready(installation: Installation) -> list[str]:
    scale = installation.one("Microsoft.Web/sites")["properties"]["functionAppConfig"]["scaleAndConcurrency"]
    return [row["name"].removeprefix("function:") for row in scale["alwaysReady"]]


def _calls(function: str, trigger: str) -> Iterator[str]:
    if code.triggers().get(function) != trigger:
        yield f"function {function} is called, but the code has no {trigger} of that name"


def _filters(found: Mapping[str, Any], route: str) -> Iterator[str]:
    several = [row["values"] for row in found["advancedFilters"] if row["operatorType"] == "StringBeginsWith"]
    for prefix in several[0] if several else [found["subjectBeginsWith"]]:
        if not re.fullmatch(r"/blobServices/default/containers/[a-z0-9-]+/blobs/", prefix):
            yield f"subjectBeginsWith {prefix} would match sibling containers, or none"
    if several and route == "blobTrigger":
        yield "the blob trigger serves one container"
    created = [kind for kind in found["includedEventTypes"] if kind == "Microsoft.Storage.BlobCreated"]
    if not created or (route == "blobTrigger" and len(found["includedEventTypes"]) != 1):
        yield f"event types are {found['includedEventTypes']}"


def _applies(row: Mapping[str, Any], installation: Installation) -> bool:
    return all(
        bool(installation.parameters[name]) if value == "*" else installation.parameters[name] == value
        for name, value in row.get("when", {}).items()
    )


def _scopes(scope: str, installation: Installation) -> list[str]:
    if not scope.endswith("/*"):
        return [scope]
    return [place for place in installation.places if place.startswith(scope.removesuffix("*"))]


def _at(resource: Resource, path: str) -> Any:
    value: Any = resource
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _last(resource: Resource) -> str:
    return str(resource["id"]).rsplit("/", 1)[-1]


def _or(allowed: list[Any]) -> str:
    return " or ".join(repr(value) for value in allowed)
