"""The project's own assertions: each yields a sentence for every fault that it finds in an installation."""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.infra import code, compiler
from tests.infra.installation import Installation, Resource
from tests.infra.isolation import isolation
from tests.infra.subscription import subscription
from tests.infra.watching import watching

Rule = Callable[[Installation, Path], Iterator[str]]

_CASES = compiler.ROOT / "tests" / "cases"
TABLE: Mapping[str, Any] = tomllib.loads((_CASES / "infra.toml").read_text(encoding="utf-8"))
ROLES: list[Mapping[str, Any]] = tomllib.loads((_CASES / "roles.toml").read_text(encoding="utf-8"))["role"]
_LISTS = re.compile(r"\blist[A-Z]\w*\(|\blistKeys\b")
_CONTAINER = "Microsoft.Storage/storageAccounts/blobServices/containers"


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
    # Resource Manager gives no assignment to another principal: an identity that was made again would stop for good.
    for resource in installation.of_type("Microsoft.Authorization/roleAssignments"):
        principal = resource["properties"]["principalId"].strip("[]")
        if principal not in resource["name"] and principal != installation.parameters["deployerId"]:
            yield f"the assignment {resource['name']} keeps its name for another principal"


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
    of_host = {_last(one) for one in installation.of_type(_CONTAINER) if one["id"].startswith(host)}
    if missing := code.containers() - of_host:
        yield f"the host account has no container {sorted(missing)}, which the code names"
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
    accounts = {settings[f"{name}__queueServiceUri"] for name in ("AzureWebJobsStorage", "IMAGES")}
    if len(accounts) != 1 or not all(f"'{host}'" in address for address in accounts):
        yield f"a trigger's queue is in {sorted(accounts)}: without access there the host ends the whole app"
    if off := sorted(name for name in settings if name.endswith(".Disabled")):
        yield f"{off} are off, but each function has its use on every route"
    for group in _always_ready(installation):
        if group != "blob" and group not in code.triggers():
            yield f"function {group} is kept ready, but the code has none"


def settings(installation: Installation, infra: Path) -> Iterator[str]:
    """Every setting that the code reads is set or known to be optional; every setting that is set is read."""
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


RULES: tuple[Rule, ...] = (foreseen, values, roles, names, settings, keys, subscription, isolation, watching)


def _always_ready(installation: Installation) -> list[str]:
    scale = installation.one("Microsoft.Web/sites")["properties"]["functionAppConfig"]["scaleAndConcurrency"]
    return [row["name"].removeprefix("function:") for row in scale["alwaysReady"]]


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
