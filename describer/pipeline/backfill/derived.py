"""Recognizes derived sizes in a listing that is ordered by name.

A name such as `plan-2000x1500.jpg` looks derived but may be an original's. It counts as derived only if its original or
a larger size is listed too. Their names have the same prefix and follow closely, so that few need to be held.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from describer.domain.image_blob import ImageBlob
from describer.domain.renditions import Derived, Renditions

type Judged = tuple[ImageBlob, str]
"""A blob, and the system whose derived size it is; empty if it is not derived."""


@dataclass(slots=True)
class _Sizes:
    """Pictures that may be sizes of the same original."""

    waiting: list[tuple[ImageBlob, Derived]] = field(default_factory=list)
    has_original: bool = False

    def judged(self) -> Iterator[Judged]:
        """Yield the blobs with their systems; if the original is missing, the largest one counts as original."""
        spared = None if self.has_original else max(self.waiting, key=lambda known: known[1].rank, default=None)
        for blob, derived in self.waiting:
            yield blob, "" if spared and blob is spared[0] else derived.system


@dataclass(slots=True)
class DerivedSizes:
    """Classifies the blobs of one listing by the rules of some systems."""

    rules: Renditions
    _groups: dict[str, _Sizes] = field(default_factory=dict)

    def feed(self, blob: ImageBlob) -> Iterator[Judged]:
        """Add the next blob of the listing and yield the blobs that are classified so far."""
        name = blob.ref.name
        yield from self._passed(name)
        derived = self.rules.derived(name)
        for original in {name, name.rpartition(".")[0]} & self._groups.keys():
            self._groups[original].has_original = True
        if derived is None:
            yield blob, ""
        elif derived.certain:
            yield blob, derived.system
        else:
            self._groups.setdefault(derived.original, _Sizes()).waiting.append((blob, derived))

    def waiting(self) -> Iterator[tuple[ImageBlob, bool]]:
        """Return the pictures that are not classified yet, each with whether its original was listed; see `restore`."""
        for group in self._groups.values():
            for blob, _ in group.waiting:
                yield blob, group.has_original

    def restore(self, blob: ImageBlob, *, has_original: bool) -> None:
        """Restore a picture that `waiting` returned."""
        if derived := self.rules.derived(blob.ref.name):
            group = self._groups.setdefault(derived.original, _Sizes(has_original=has_original))
            group.waiting.append((blob, derived))

    def end(self) -> Iterator[Judged]:
        """Yield the remaining blobs at the end of the listing."""
        for group in self._groups.values():
            yield from group.judged()
        self._groups.clear()

    def _passed(self, name: str) -> Iterator[Judged]:
        """Yield the groups that no later name can belong to."""
        for original in [original for original in self._groups if not name.startswith(original)]:
            yield from self._groups.pop(original).judged()
