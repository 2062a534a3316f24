"""Tells pictures that look like sizes of others from the rest, while a listing goes by in the order of names.

A name such as `plan-2000x1500.jpg` looks derived, and may be an original's all the same. So it counts as derived only
if its original, or a larger size, is listed too. These begin alike and come close by, so that little is kept.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from describer.domain.image_blob import ImageBlob
from describer.domain.renditions import Derived, Renditions

type Judged = tuple[ImageBlob, str]
"""A blob, and the system whose size it looks like; empty if it looks like none."""


@dataclass(slots=True)
class _Sizes:
    """Pictures that would be sizes of the same one."""

    waiting: list[tuple[ImageBlob, Derived]] = field(default_factory=list)
    has_original: bool = False

    def judged(self) -> Iterator[Judged]:
        """The largest one stands for a missing original."""
        spared = None if self.has_original else max(self.waiting, key=lambda known: known[1].rank, default=None)
        for blob, derived in self.waiting:
            yield blob, "" if spared and blob is spared[0] else derived.system


@dataclass(slots=True)
class DerivedSizes:
    """Judges the blobs of one listing.

    Args:
        rules: of the systems that are looked for.
    """

    rules: Renditions
    _groups: dict[str, _Sizes] = field(default_factory=dict)

    def feed(self, blob: ImageBlob) -> Iterator[Judged]:
        """Take the next blob of the listing, and yield those that are judged by now."""
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
        """Those that are not judged yet, and whether an original of each was listed: for whoever goes on later."""
        for group in self._groups.values():
            for blob, _ in group.waiting:
                yield blob, group.has_original

    def restore(self, blob: ImageBlob, *, has_original: bool) -> None:
        """Take back what `waiting` gave."""
        if derived := self.rules.derived(blob.ref.name):
            group = self._groups.setdefault(derived.original, _Sizes(has_original=has_original))
            group.waiting.append((blob, derived))

    def end(self) -> Iterator[Judged]:
        """Yield what is left when the listing has ended."""
        for group in self._groups.values():
            yield from group.judged()
        self._groups.clear()

    def _passed(self, name: str) -> Iterator[Judged]:
        """What the listing has left behind: no name that is still to come begins so."""
        for original in [original for original in self._groups if not name.startswith(original)]:
            yield from self._groups.pop(original).judged()
