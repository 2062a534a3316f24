"""What became of one picture, and of all together."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from local.demo.pictures import Picture

# Their pixels were read, so a small copy can be made of them; see docs/record.schema.json for all statuses.
_READ = frozenset({"described", "needs_review", "kept", "filtered", "failed"})


@dataclass(frozen=True, slots=True)
class Result:
    """A picture that has its record.

    Args:
        picture: the file.
        metadata: the blob's, as it stands there.
        sidecar: its JSON, read.
        seconds: from the upload's begin until the metadata was there.

    """

    picture: Picture
    metadata: Mapping[str, str]
    sidecar: Mapping[str, Any]
    seconds: float

    @property
    def status(self) -> str:
        """One of the record's statuses."""
        return str(self.sidecar.get("status", ""))

    @property
    def alt_text(self) -> str:
        """The whole alt text; empty where there is none."""
        return str(self.sidecar.get("alt_text", ""))

    @property
    def readable(self) -> bool:
        """The app could read the picture."""
        return self.status in _READ

    def to_json(self) -> str:
        """Return a line of results.jsonl, in ASCII: no name can break it in two."""
        facts = {
            "blob": self.picture.name,
            "status": self.status,
            "alt_text": self.alt_text,
            "metadata": dict(self.metadata),
            "sidecar": dict(self.sidecar),
            "seconds": round(self.seconds, 2),
            "model": self.sidecar.get("model"),
        }
        return json.dumps(facts)


@dataclass(frozen=True, slots=True)
class Lost:
    """A picture that has no record, and why."""

    picture: Picture
    why: str


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over the records: tokens as counted by the model's server, US dollars by list price where one is known."""

    prompt_tokens: int
    completion_tokens: int
    usd: float | None
    usd_unshrunk: float | None
    priced_as: str

    @classmethod
    def of(cls, results: Iterable[Result]) -> "Totals":
        """Sum up."""
        sidecars = [result.sidecar for result in results]
        usages = [sidecar.get("usage") or {} for sidecar in sidecars]
        costs = [cost for sidecar in sidecars if (cost := sidecar.get("cost"))]
        unshrunk = [usd for cost in costs if (usd := cost.get("usd_unshrunk")) is not None]
        return cls(
            sum(usage.get("prompt_tokens", 0) for usage in usages),
            sum(usage.get("completion_tokens", 0) for usage in usages),
            sum(cost["usd"] for cost in costs) if costs else None,
            sum(unshrunk) if costs and len(unshrunk) == len(costs) else None,
            ", ".join(sorted({cost["priced_as"] for cost in costs})),
        )

    def cost(self, *, free: bool) -> str:
        """Say the cost; `free` where a stand-in described, which only counts as the priced model would charge."""
        if not self.prompt_tokens:
            return "Nothing, no model has answered."
        if self.usd is None:
            return "No list price is known for this model."
        unshrunk = self.usd_unshrunk
        more = "" if unshrunk is None else f", or {dollars(unshrunk)} with the pictures at full size"
        if free:
            would = f"{self.priced_as} would charge about {dollars(self.usd)} by its list price"
            return f"Nothing, the stand-in is free. {would}{more}."
        return f"About {dollars(self.usd)} by the list price of {self.priced_as}{more}."


def dollars(usd: float) -> str:
    """Return an amount of US dollars with two digits that say something."""
    return f"${usd:,.2f}" if usd >= 1 else f"${usd:.4f}"
