"""Decisions that cannot be changed after the first deployment, or only at a cost; docs/deploy.md has the same table."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Decision:
    """A variable of azd's environment, its default, and why it must be chosen now."""

    variable: str
    default: str
    why: str


DECISIONS = (
    Decision("AZURE_ENV_NAME", "", "seeds all names; another name is another installation"),
    Decision("AZURE_LOCATION", "", "nothing moves to another region"),
    Decision(
        "STORAGE_REDUNDANCY",
        "Standard_LRS",
        "to zones (Standard_ZRS) it is a conversion by Microsoft, of hours or days",
    ),
    Decision("NETWORK_ADDRESS_PREFIX", "10.40.0.0/22", "must not overlap with networks that are peered later"),
    Decision("IMAGES_CONTAINER", "images", "pictures in another container are described anew, and paid again"),
    Decision("DESCRIPTIONS_CONTAINER", "descriptions", "records do not move"),
)


def sentences(environ: Mapping[str, str]) -> Iterator[str]:
    """Return lines for a first deployment; none for later ones."""
    if environ.get("AZURE_RESOURCE_GROUP"):
        return
    yield 'Decide now, before the first deployment (docs/deploy.md, "Decide now"; `azd env set NAME VALUE`):'
    for one in DECISIONS:
        yield f"  {one.variable}={environ.get(one.variable) or one.default}: {one.why}"
