"""The rule of network isolation."""

from collections.abc import Iterator
from pathlib import Path

from tests.infra.installation import Installation

_LINK = "Microsoft.Network/privateDnsZones/virtualNetworkLinks"


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
