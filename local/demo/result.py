"""The result of one picture, and sums over all."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from local.demo.pictures import Picture

# Statuses with readable pixels, so that a small copy can be made; docs/record.schema.json has all statuses.
_READ = frozenset({"described", "needs_review", "kept", "filtered", "failed"})


@dataclass(frozen=True, slots=True)
class Result:
    """A picture with its record.

    Args:
        picture: the file.
        metadata: the blob's.
        sidecar: its JSON, parsed.
        seconds: from the start of the upload until the metadata was set.

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
        """The whole alt text, or empty."""
        return str(self.sidecar.get("alt_text", ""))

    @property
    def readable(self) -> bool:
        """Whether the app could read the picture."""
        return self.status in _READ

    def to_json(self) -> str:
        """Return a line of results.jsonl, in ASCII, so that no name contains a line break."""
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
    """A picture without a record, and the reason."""

    picture: Picture
    why: str


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over the records: tokens as counted by the model's server, and US dollars by list price if that is known."""

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
        """Return the cost in words; `free`: a stand-in described, and this is what the priced model would charge."""
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
    """Return an amount of US dollars with two significant digits."""
    return f"${usd:,.2f}" if usd >= 1 else f"${usd:.4f}"
