"""The rule of network isolation."""

from collections.abc import Iterator
from pathlib import Path

from tests.infra.installation import Installation, Resource

_LINK = "Microsoft.Network/privateDnsZones/virtualNetworkLinks"


def isolation(installation: Installation, infra: Path) -> Iterator[str]:
    """Under isolation nothing is open but what Event Grid and deployments need, and each service has a way in."""
    del infra
    if installation.is_subscription or not installation.parameters["networkIsolation"]:
        return
    trusted = installation.parameters["isolatedStorageAccess"] == "TrustedServices"
    for kind in ("Storage/storageAccounts", "CognitiveServices/accounts", "EventGrid/topics"):
        for resource in installation.of_type(f"Microsoft.{kind}"):
            yield from _open(resource, trusted=trusted)
    endpoints = {
        f"{connection['properties']['privateLinkServiceId']}/{group}"
        for endpoint in installation.of_type("Microsoft.Network/privateEndpoints")
        for connection in endpoint["properties"]["privateLinkServiceConnections"]
        for group in connection["properties"]["groupIds"]
    }
    wanted = {
        "host": ("blob", "queue", "table"),
        "images": ("blob",),
        "model": ("account",),
        "events": ("topic",) if installation.parameters["publishEvents"] else (),
    }
    for place, groups in wanted.items():
        for group in groups:
            if f"{installation.places[place]}/{group}" not in endpoints:
                yield f"no private endpoint for {place}/{group}"
    site = installation.one("Microsoft.Web/sites")["properties"]
    nobody_calls = installation.parameters["uploadRoute"] == "queue" and not some_addresses(installation)
    if (site["publicNetworkAccess"] == "Disabled") is not nobody_calls:
        yield f"the app's public access is {site['publicNetworkAccess']}"
    if not site["virtualNetworkSubnetId"]:
        yield "the app is not in the network"
    yield from _shells(installation)
    if site["siteConfig"]["ipSecurityRestrictionsDefaultAction"] != "Deny":
        yield "anybody may call the app"
    zones, links = installation.of_type("Microsoft.Network/privateDnsZones"), installation.of_type(_LINK)
    used = {
        config["properties"]["privateDnsZoneId"]
        for group in installation.of_type("Microsoft.Network/privateEndpoints/privateDnsZoneGroups")
        for config in group["properties"]["privateDnsZoneConfigs"]
    }
    theirs = {zone for zone in used if "/resourceGroups/rg-hub/" in zone}
    if not len(zones) == len(links) == len(used - theirs):
        yield (
            f"{len(zones)} private zones, of which the network knows {len(links)} and endpoints use"
            f" {len(used - theirs)}"
        )
    let_in = site["siteConfig"]["ipSecurityRestrictions"]
    tags = [rule["ipAddress"] for rule in let_in if rule.get("tag") == "ServiceTag"]
    yield from (
        f"the app takes {rule['ipAddress']} only as a range, with /32"
        for rule in let_in
        if rule.get("tag") != "ServiceTag" and "/" not in rule["ipAddress"]
    )
    if tags != ([] if installation.parameters["uploadRoute"] == "queue" else ["AzureEventGrid"]):
        yield f"the services that may call the app are {tags}"


def some_addresses(installation: Installation) -> bool:
    """Whether addresses outside the network keep access."""
    return bool(installation.one("Microsoft.Web/sites")["properties"]["siteConfig"]["scmIpSecurityRestrictions"])


def _shells(installation: Installation) -> Iterator[str]:
    """Remote shells into peered networks are closed, in each network that is ours."""
    for group in installation.of_type("Microsoft.Network/networkSecurityGroups"):
        denied = {
            port
            for rule in group["properties"]["securityRules"]
            if (rule["properties"]["direction"], rule["properties"]["access"]) == ("Outbound", "Deny")
            for port in rule["properties"].get("destinationPortRanges", [])
        }
        if not {"22", "3389"} <= denied:
            yield f"{group['name']} lets remote shells out"


def _open(resource: Resource, *, trusted: bool) -> Iterator[str]:
    """Closed, or but for some addresses or trusted services; storage takes a single address only without its /32."""
    rules = resource["properties"].get("networkAcls", {})
    some = [rule["value"] for rule in rules.get("ipRules", [])]
    closed = resource["properties"]["publicNetworkAccess"] == "Disabled"
    excepted = some or (trusted and rules.get("bypass") == "AzureServices")
    if not closed and not (excepted and rules["defaultAction"] == "Deny"):
        yield f"{resource['name']} is open to the internet"
    yield from (
        f"{resource['name']} refuses {value}: no /31 or /32" for value in some if value.endswith(("/31", "/32"))
    )
