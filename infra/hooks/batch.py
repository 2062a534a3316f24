"""Checks whether the region offers a deployment for batches of the model, and quota for it."""

from collections.abc import Callable, Mapping
from typing import Any

from infra.hooks.commands import Azure, Stop

WHERE = {"GlobalBatch": "any region of Azure", "DataZoneBatch": "within the EU or the US"}
_CAPACITY = "100"


def check(azure: Azure, offer: Mapping[str, Any], region: str, free: Callable[[], Mapping[str, int]]) -> None:
    """Stop if the deployment is wanted and cannot be created.

    Args:
        azure: has the chosen options in its environment.
        offer: the model in this region, as `az cognitiveservices model list` prints it.
        region: the region.
        free: returns the region's unused quota by name; called only if a new deployment needs quota.

    Raises:
        Stop: it cannot be created; the text names the choices.
    """
    wanted, capacity = azure.environ.get("BATCH_SKU_NAME", ""), azure.environ.get("BATCH_CAPACITY") or _CAPACITY
    if not wanted:
        return
    if not capacity.isdecimal() or not int(capacity):
        sentence = f"BATCH_CAPACITY is {capacity}; expected a whole number from 1."
        raise Stop(sentence, "azd", "env", "set", "BATCH_CAPACITY", _CAPACITY)
    skus = {sku["name"]: sku for sku in offer.get("skus") or []}
    if wanted not in WHERE or wanted not in skus:
        choices = [sku for sku in WHERE if sku in skus]
        offered = "; ".join(f"{sku}: {WHERE[sku]}" for sku in choices) or "none, so leave it empty"
        sentence = f"{offer['name']} has no deployment {wanted} for batches in {region}; there are: {offered}."
        raise Stop(sentence, "azd", "env", "set", "BATCH_SKU_NAME", choices[0] if choices else "")
    if azure.environ.get("OPENAI_BATCH_DEPLOYMENT"):  # it has its own quota
        return
    usage = skus[wanted].get("usageName") or f"OpenAI.{wanted}.{offer['name']}"
    left = free().get(usage, 0)
    if left < int(capacity):
        sentence = f"{region} has {left} left of {usage}, the quota for batches, and BATCH_CAPACITY is {capacity}."
        if left:
            raise Stop(f"{sentence} Take less.", "azd", "env", "set", "BATCH_CAPACITY", str(left))
        raise Stop(
            f"{sentence} Ask for quota (https://aka.ms/oai/stuquotarequest), or deploy without batches:",
            *("azd", "env", "set", "BATCH_SKU_NAME", ""),
        )
