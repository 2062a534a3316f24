"""What a deployment can be told."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from tests.infra.compiler import INFRA, PARAMETERS, Done

ASKED = {"modelSkuName", "openAiLocation"}


@pytest.fixture(scope="module")
def parameters(built: Mapping[str, Done]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(built["main"].output)["parameters"]
    return found


def test_each_parameter_says_what_it_is(parameters: dict[str, dict[str, Any]]) -> None:
    assert [name for name, one in parameters.items() if len(one.get("metadata", {}).get("description", "")) < 15] == []


def test_where_pictures_are_processed_is_asked_and_never_assumed(parameters: dict[str, dict[str, Any]]) -> None:
    required = {name for name, one in parameters.items() if "defaultValue" not in one}
    assert required == {"environmentName", "location", *ASKED}
    given = json.loads((INFRA / "main.parameters.json").read_text(encoding="utf-8"))["parameters"]
    assert not ASKED & given.keys()


def test_azd_passes_parameters_that_exist_with_their_own_defaults(parameters: dict[str, dict[str, Any]]) -> None:
    given = json.loads((INFRA / "main.parameters.json").read_text(encoding="utf-8"))["parameters"]
    assert given.keys() <= parameters.keys()
    for name, one in given.items():
        default = re.fullmatch(r"\$\{[A-Z_]+=(.*)\}", one["value"])
        if default:
            expected = parameters[name]["defaultValue"]
            text = str(expected).lower() if isinstance(expected, bool) else str(expected)
            assert default.group(1) == text, name


def test_azd_does_not_find_a_parameter_file_that_would_silence_its_questions() -> None:
    assert not (INFRA / "main.bicepparam").exists()
    assert {path.parent.name for path in PARAMETERS} == {"params"}


def test_the_location_of_the_model_is_offered_by_quota(parameters: dict[str, dict[str, Any]]) -> None:
    model = parameters["modelName"]["defaultValue"]
    capacity = parameters["modelCapacity"]["defaultValue"]
    usage = parameters["openAiLocation"]["metadata"]["azd"]["usageName"]
    assert usage == [f"OpenAI.GlobalStandard.{model}, {capacity}"]
