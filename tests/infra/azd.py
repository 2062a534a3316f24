"""Emulates how azd reads azure.yaml, main.parameters.json and its environment, as far as a rehearsal needs it.

Read in Azure/azure-dev ae35809f4 (azd 1.31), below `cli/azd/pkg`: `infra/provisioning/bicep/bicep_provider.go`
(`loadParameters`, `armParameterFileValue`, `ensureParameters`, `InvalidatedEnvKeys`), `infra/provisioning/manager.go`
(`Destroy`), `environment/environment.go` (`LookupEnv`). Not emulated: prompts, which no parameter needs but environment
and region; Key Vault references; commands within a parameter file.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.infra.compiler import INFRA

Json = Any
PRINCIPAL = {"AZURE_PRINCIPAL_ID": "00000000-0000-0000-0000-00000000dddd", "AZURE_PRINCIPAL_TYPE": "User"}
"""Values that azd itself knows, regardless of the environment."""

_VARIABLE = re.compile(r"\$\{(\w+)(?:=([^}]*))?\}")
_COMPLEX = {"object", "array"}


class Unset(Exception):
    """azd would ask for these parameters, or fail if it may not ask."""


def parameters(template: Mapping[str, Json], environment: Mapping[str, str], infra: Path = INFRA) -> dict[str, Json]:
    """Return the parameters that azd sends to Resource Manager; omitted ones have main.bicep's defaults.

    Args:
        template: the compiled main.bicep.
        environment: azd's own, such as `azd env set` writes it.
        infra: the folder with main.parameters.json.

    Raises:
        Unset: a parameter without a default has no value.
        ValueError: a text is no JSON where an array or an object is wanted.
    """
    file = json.loads((infra / "main.parameters.json").read_text(encoding="utf-8"))["parameters"]
    known = {**environment, **PRINCIPAL}
    found = {}
    for name, one in declared(template).items():
        value = _given(file[name]["value"], one, known) if name in file else None
        if value is not None:
            found[name] = value
        elif "defaultValue" not in one:
            raise Unset(name)
    return found


def declared(template: Mapping[str, Json]) -> dict[str, Json]:
    """The parameters of a template, each with the type that it only names."""
    named = {f"#/definitions/{name}": one for name, one in template.get("definitions", {}).items()}
    return {name: named.get(one.get("$ref"), {}) | one for name, one in template["parameters"].items()}


def _given(text: str, about: Mapping[str, Json], known: Mapping[str, str]) -> Json:
    unset = any(name not in known for name, _ in _VARIABLE.findall(text))
    value = _VARIABLE.sub(lambda match: known.get(match.group(1)) or match.group(2) or "", text)
    if not value and unset:
        return None
    kind = about["type"].lower()
    if kind in _COMPLEX:
        return json.loads(value)
    return _converted(value, kind, about.get("defaultValue"))


def _converted(value: str, kind: str, default: Json) -> Json:
    """A text becomes a truth value or a number where it is one; an empty one is sent only to overrule a default."""
    if kind == "bool":
        return {"true": True, "false": False}.get(value.lower())
    if kind == "int":
        return int(value) if re.fullmatch(r"-?\d+", value) else None
    return value if value or default else None


def variables(infra: Path = INFRA) -> dict[str, str]:
    """The variable that sets each parameter, by the parameter's name."""
    file = json.loads((infra / "main.parameters.json").read_text(encoding="utf-8"))["parameters"]
    return {name: match.group(1) for name, one in file.items() if (match := _VARIABLE.fullmatch(one["value"]))}


def forgotten(environment: Mapping[str, str], outputs: Mapping[str, Json]) -> dict[str, str]:
    """azd's environment after `azd down`: every output of the template is removed from it."""
    return {name: value for name, value in environment.items() if name not in outputs}


def as_environment(outputs: Mapping[str, Json]) -> dict[str, str]:
    """What a deployment writes into azd's environment: each output, as text."""
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in outputs.items()}
