"""Azure's models and quota in the output of `az cognitiveservices`."""

from typing import Any

from tests.hooks.scripted import Scripted

NAME, VERSION = "gpt-5.6-luna", "2026-07-09"
CHOSEN = {"MODEL_SKU_NAME": "DataZoneStandard", "OPENAI_LOCATION": "swedencentral"}


def model(*skus: str, name: str = NAME, version: str = VERSION, status: str = "GenerallyAvailable") -> dict[str, Any]:
    """One row of `model list`."""
    listed = [{"name": sku, "usageName": f"OpenAI.{sku}.{name}", "capacity": {"maximum": 1000}} for sku in skus]
    about = {"format": "OpenAI", "name": name, "version": version, "skus": listed, "lifecycleStatus": status}
    return {"kind": "OpenAI", "skuName": "S0", "model": about}


def usage(free: dict[str, int], name: str = NAME) -> list[dict[str, Any]]:
    """`usage list`: the unused quota of each SKU; 20 more are in use."""
    return [
        {"name": {"value": f"OpenAI.{sku}.{name}"}, "limit": left + 20.0, "currentValue": 20.0}
        for sku, left in free.items()
    ]


def can_be_had(azure: Scripted) -> None:
    """A chosen model that can be deployed; earlier scripts take precedence."""
    azure.environ |= {name: value for name, value in CHOSEN.items() if name not in azure.environ}
    azure.on("cognitiveservices", "account", "list-deleted", says=[])
    azure.on("cognitiveservices", "model", "list", says=[model("GlobalStandard", "DataZoneStandard")])
    azure.on("cognitiveservices", "usage", "list", says=usage({"GlobalStandard": 1000, "DataZoneStandard": 1000}))
