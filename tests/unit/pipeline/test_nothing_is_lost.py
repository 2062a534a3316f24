"""Whatever people, programs and crashes do in whatever order, no text of a person is lost.

2,000 steps here; `make soak` takes 200,000.
"""

import asyncio
import hashlib
import itertools
import os
from collections.abc import AsyncIterable, Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from describer.domain.correction import Correction
from describer.domain.errors import Corrupt, DescriberError, Filtered, NoUsableAnswer, Outdated, Transient
from describer.domain.image_ref import ImageRef
from describer.domain.record import Record
from describer.domain.status import Skip, Status
from describer.domain.texts import Origin, Review
from describer.entrypoints.transfer.import_rows import Importer, Kind
from describer.entrypoints.transfer.rows import Row
from describer.pipeline.blob_filter import BlobFilter
from describer.pipeline.deleted_pictures import RETENTION, Fate
from describer.vision.brief import Brief
from tests.fakes import PixelsOnly
from tests.unit.conftest import BRIEF, Harness
from tests.unit.vision.embedded_text.packets import alt, packet

RETRY_OR_EMPTY: Final = [Filtered("stopped by the filter"), NoUsableAnswer("no answer"), Transient("the model is down")]
REFS: Final = [ImageRef("images", name) for name in ("a.jpg", "b.jpg", "c/d.jpg")]
BRIEFS: Final = [BRIEF, replace(BRIEF, languages=("en", "de")), replace(BRIEF, detail="low")]
STEPS: Final = int(os.environ.get("SOAK_STEPS", "2000"))
STEPS_AT_A_TIME: Final = 40

refs = st.sampled_from(REFS)
bytes_of_pictures = st.sampled_from([b"cat", b"cat+saved anew", b"dog", b"mill"])


class Crash(BaseException):
    """The process is killed."""


async def _all[T](found: AsyncIterable[T]) -> list[T]:
    return [item async for item in found]


class World(RuleBasedStateMachine):
    """People, programs, events and crashes around three names.

    `pending` are the names whose last change has an event that is not fully processed; `said` the texts of people that
    the app has written into a sidecar.
    """

    def __init__(self, runner: asyncio.Runner | None = None) -> None:
        super().__init__()
        self.runner = runner or asyncio.Runner()
        self._keeps_runner = runner is not None
        self.harness = self._harness()
        self.brief: Brief = BRIEF
        self.pending: set[ImageRef] = set()
        self.said: dict[ImageRef, set[str]] = {ref: set() for ref in REFS}
        self.bytes_of: dict[ImageRef, set[str]] = {ref: set() for ref in REFS}
        self.shelves: dict[ImageRef, str] = {}
        self.numbers = itertools.count()
        self.texts: set[str] = set()
        self.writes_left: int | None = None
        self.judged: set[ImageRef] = set()
        self.exported: list[Row] = []
        self._may_crash(self.harness.records, "write")
        self._may_crash(self.harness.records, "cache")
        self._may_crash(self.harness.records, "delete")
        self._may_crash(self.harness.images, "set_metadata")
        self._may_crash(self.harness.topic, "publish")
        self._may_crash(self.harness.queue, "send")

    def _may_crash(self, port: object, name: str) -> None:
        """After so many writes, the next thing that happens is a kill."""
        write = getattr(port, name)

        async def written(*args: Any, **options: Any) -> Any:
            result = await write(*args, **options)
            if name == "write":
                held = args[1].to_json().decode()
                self.said[args[0]] |= {text for text in self.texts if text in held}
            if self.writes_left is not None:
                self.writes_left -= 1
                if self.writes_left < 0:
                    raise Crash
            return result

        setattr(port, name, written)

    def _harness(self) -> Harness:
        blob_filter = BlobFilter(("images",), exclude=("private/",), xmp_sidecars=True)
        return Harness(preparer=PixelsOnly(), blob_filter=blob_filter)

    @property
    def present(self) -> list[ImageRef]:
        return [ref for ref in REFS if ref in self.harness.images.blobs]

    def _new_text(self) -> str:
        text = f"By a person, {next(self.numbers)}."
        self.texts.add(text)
        return text

    def _put(self, ref: ImageRef, data: bytes, metadata: dict[str, str]) -> None:
        self.harness.images.put(ref, data, **metadata)
        self.bytes_of[ref].add(hashlib.sha256(data).hexdigest())
        self.judged.discard(ref)
        self.shelves.pop(ref, None)
        if "shelf" in metadata:
            self.shelves[ref] = metadata["shelf"]
        self.pending.add(ref)

    def _work(self, ref: ImageRef) -> None:
        try:
            self.runner.run(self.harness.pipeline.describe(ref, self.brief))
        except (DescriberError, Crash):
            self.pending.add(ref)
        else:
            self.pending.discard(ref)
        finally:
            self.writes_left = None

    def _stored(self, ref: ImageRef) -> Record | None:
        stored = self.harness.records.stored.get(ref)
        return stored.record if stored else None

    # What people and programs do

    @rule(ref=refs, data=bytes_of_pictures, keeps=st.booleans())
    def upload(self, ref: ImageRef, data: bytes, keeps: bool) -> None:
        blob = self.harness.images.blobs.get(ref)
        self._put(ref, data, dict(blob.metadata) if blob and keeps else {})

    @precondition(lambda self: self.present)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        ref = data.draw(st.sampled_from(self.present))
        del self.harness.images.blobs[ref]
        self.shelves.pop(ref, None)
        self.pending.add(ref)

    @precondition(lambda self: self.present)
    @rule(data=st.data(), to=refs, moves=st.booleans(), with_metadata=st.booleans())
    def copy(self, data: st.DataObject, to: ImageRef, moves: bool, with_metadata: bool) -> None:
        ref = data.draw(st.sampled_from(self.present))
        if ref == to:
            return
        self._copy(ref, to, with_metadata=with_metadata)
        if moves:
            del self.harness.images.blobs[ref]
            self.shelves.pop(ref, None)
            self.pending.add(ref)

    def _copy(self, ref: ImageRef, to: ImageRef, *, with_metadata: bool) -> None:
        blob, was_judged = self.harness.images.blobs[ref], ref in self.judged
        self._put(to, blob.data, dict(blob.metadata) if with_metadata else {})
        if was_judged:
            self.judged.add(to)

    @precondition(lambda self: self.present)
    @rule(data=st.data(), to=refs)
    def rename(self, data: st.DataObject, to: ImageRef) -> None:
        """On a hierarchical namespace: one event names both, and the new name is looked at first."""
        ref = data.draw(st.sampled_from(self.present))
        if ref == to:
            return
        self._copy(ref, to, with_metadata=True)
        del self.harness.images.blobs[ref]
        self.shelves.pop(ref, None)
        for name in (to, ref):
            self._work(name)

    @rule(ref=refs)
    def come_to_an_account_without_the_sidecar(self, ref: ImageRef) -> None:
        """What was in the sidecar only stays behind; what people wrote last is in the metadata and comes along."""
        if ref in self.harness.images.blobs and ref in self.harness.records.stored:
            del self.harness.records.stored[ref]
            self.said[ref] = set()
            self.judged.add(ref)
            self.pending.add(ref)

    @rule(ref=refs, text=st.sampled_from(["", "A mill, by its author", "The tide mill"]))
    def put_an_xmp_file_beside(self, ref: ImageRef, text: str) -> None:
        self.harness.images.put(ImageRef(ref.container, f"{ref.name}.xmp"), packet(alt(("x-default", text))))
        self.pending.add(ref)

    @rule(days=st.sampled_from([0, 10, 40]))
    def look_for_orphans(self, days: int) -> None:
        """By the command or the timer: a record of a deleted picture goes after its days, and not before."""
        self.harness.now += timedelta(days=days)
        before = {ref: stored.record for ref, stored in self.harness.records.stored.items()}
        orphans = self.runner.run(_all(self.harness.deleted_pictures.orphans("images", write=True)))
        for orphan in orphans:
            record = before[orphan.ref]
            if orphan.fate is Fate.EXPIRED:
                assert record.deleted_at
                assert self.harness.now - record.deleted_at >= RETENTION
            if orphan.fate is not Fate.KEPT:
                if orphan.fate is Fate.EXPIRED:
                    self.said[orphan.ref] = set()
                self.pending.add(orphan.ref)

    @precondition(lambda self: self.present)
    @rule(data=st.data())
    def tag(self, data: st.DataObject) -> None:
        ref = data.draw(st.sampled_from(self.present))
        self.shelves[ref] = f"shelf {next(self.numbers)}"
        self.harness.images.tag(ref, shelf=self.shelves[ref])

    @precondition(lambda self: self.present)
    @rule(data=st.data(), name=st.sampled_from(["alt_text", "description"]))
    def write_into_the_metadata(self, data: st.DataObject, name: str) -> None:
        ref = data.draw(st.sampled_from(self.present))
        self.harness.images.tag(ref, **{name: self._new_text()})
        self.pending.add(ref)

    @precondition(lambda self: self.harness.records.stored)
    @rule(data=st.data(), name=st.sampled_from(["alt_text", "description", "extended_description"]))
    def write_into_the_sidecar(self, data: st.DataObject, name: str) -> None:
        ref = data.draw(st.sampled_from(sorted(self.harness.records.stored, key=lambda ref: ref.name)))
        record = self.harness.records.stored[ref].record
        self.said[ref].discard(getattr(record, name))  # thrown away by a person, in a file that is anybody's
        self.harness.records.edit(ref, {name: self._new_text()})
        self.pending.add(ref)

    @precondition(lambda self: self.harness.records.stored)
    @rule(data=st.data(), review=st.sampled_from(["approved", "rejected", "suggested"]))
    def judge_in_the_sidecar(self, data: st.DataObject, review: str) -> None:
        ref = data.draw(st.sampled_from(sorted(self.harness.records.stored, key=lambda ref: ref.name)))
        self.harness.records.edit(ref, {"review": review})
        self.judged.add(ref)
        self.pending.add(ref)

    @precondition(lambda self: self.harness.records.stored)
    @rule(
        data=st.data(),
        language=st.sampled_from(["en", "de"]),
        review=st.sampled_from([None, Review.APPROVED, Review.REJECTED]),
        crash=st.none() | st.integers(0, 3),
    )
    def correct(self, data: st.DataObject, language: str, review: Review | None, crash: int | None) -> None:
        ref = data.draw(st.sampled_from(sorted(self.harness.records.stored, key=lambda ref: ref.name)))
        self.writes_left = crash
        said = Correction({language: {"alt_text": self._new_text()}}, review=review)
        try:
            with suppress(DescriberError):
                self.runner.run(self.harness.corrector.correct(ref, said))
        except Crash:
            pass
        finally:
            self.writes_left = None
        self.judged.add(ref)
        self.pending.add(ref)  # by the message that was queued first

    @precondition(lambda self: self.harness.records.stored)
    @rule(data=st.data(), is_stale=st.booleans(), crash=st.none() | st.integers(0, 3))
    def correct_by_http(self, data: st.DataObject, is_stale: bool, crash: int | None) -> None:
        """With If-Match: who has not seen the record that stands changes nothing."""
        ref = data.draw(st.sampled_from(sorted(self.harness.records.stored, key=lambda ref: ref.name)))
        before = self.harness.records.stored[ref]
        etags = ('"0x0"',) if is_stale else (before.etag,)
        self.writes_left = crash
        said = Correction({"en": {"description": self._new_text()}})
        try:
            self.runner.run(self.harness.corrector.correct(ref, said, etags))
        except Outdated:
            assert self.harness.records.stored[ref] == before
        except (DescriberError, Crash):
            pass
        finally:
            self.writes_left = None
        self.judged.add(ref)
        self.pending.add(ref)

    @precondition(lambda self: self.harness.records.stored)
    @rule(data=st.data())
    def export(self, data: st.DataObject) -> None:
        """A person writes into the row of a picture; it is imported at any later time."""
        ref = data.draw(st.sampled_from(sorted(self.harness.records.stored, key=lambda ref: ref.name)))
        etag = self.harness.records.stored[ref].etag.strip('"')
        self.exported.append(Row(1, ref, etag, {"en": {"alt_text": self._new_text()}}))

    @precondition(lambda self: self.exported)
    @rule(data=st.data(), crash=st.none() | st.integers(0, 3))
    def import_(self, data: st.DataObject, crash: int | None) -> None:
        row = data.draw(st.sampled_from(self.exported))
        before = self.harness.records.stored.get(row.ref)
        self.writes_left = crash
        importer = Importer(self.harness.catalogue, self.harness.corrector, write=True)
        try:
            outcome = self.runner.run(importer.take(row))
        except (DescriberError, Crash):
            pass
        else:
            if before and before.etag.strip('"') != row.etag:
                assert outcome.kind is not Kind.CHANGED, "a stale row was taken"
                assert self.harness.records.stored[row.ref] == before
        finally:
            self.writes_left = None
        self.judged.add(row.ref)
        self.pending.add(row.ref)

    @rule(brief=st.sampled_from(BRIEFS))
    def change_the_settings(self, brief: Brief) -> None:
        self.brief = brief
        self.pending.update(self.present)

    @rule(leased=st.booleans())
    def lease(self, leased: bool) -> None:
        self.harness.images.leased = leased

    # What the app does

    @rule(ref=refs, fault=st.sampled_from(RETRY_OR_EMPTY))
    def handle_an_event_without_an_answer(self, ref: ImageRef, fault: DescriberError) -> None:
        self.harness.model.script = [fault]
        self._work(ref)
        self.harness.model.script.clear()
        self.pending.add(ref)

    @rule(ref=refs)
    def handle_an_event_of_what_cannot_be_read(self, ref: ImageRef) -> None:
        self.harness.preparer.refuses = Corrupt("it cannot be decoded")
        self._work(ref)
        self.harness.preparer.refuses = None
        self.pending.add(ref)

    @rule(ref=refs)
    def handle_an_event(self, ref: ImageRef) -> None:
        self._work(ref)

    @rule(ref=refs, after=st.integers(0, 4))
    def be_killed(self, ref: ImageRef, after: int) -> None:
        self.writes_left = after
        self._work(ref)

    @rule(ref=refs, data=bytes_of_pictures, what=st.sampled_from(["upload", "delete", "tag", "write", "correct"]))
    def handle_an_event_while_something_happens(self, ref: ImageRef, data: bytes, what: str) -> None:
        async def happen() -> None:
            self.harness.model.meanwhile = quiet
            if what == "upload":
                self._put(ref, data, {})
            elif what == "correct":
                with suppress(DescriberError):
                    said = Correction({"en": {"alt_text": self._new_text()}})
                    await self.harness.corrector.correct(ref, said)
            elif ref in self.harness.images.blobs:
                if what == "delete":
                    del self.harness.images.blobs[ref]
                    self.shelves.pop(ref, None)
                elif what == "tag":
                    self.shelves[ref] = f"shelf {next(self.numbers)}"
                    self.harness.images.tag(ref, shelf=self.shelves[ref])
                else:
                    self.harness.images.tag(ref, alt_text=self._new_text())

        quiet: Callable[[], Awaitable[None]] = self.harness.model.meanwhile
        self.harness.model.meanwhile = happen
        self._work(ref)
        self.harness.model.meanwhile = quiet
        self.pending.add(ref)

    @rule()
    def come_to_rest(self) -> None:
        self.harness.images.leased = False
        for ref in sorted(self.pending | {*self.present}, key=lambda ref: ref.name):
            self._work(ref)
        assert not self.pending
        announced = {stored.etag for stored in self.harness.topic.published}
        calls = len(self.harness.model.calls)
        for ref in self.present:
            stored, blob = self.harness.records.stored[ref], self.harness.images.blobs[ref]
            assert stored.record.source.sha256 == hashlib.sha256(blob.data).hexdigest()
            assert blob.metadata["description_record"] == stored.etag.strip('"')
            assert stored.etag in announced
            for name in ("alt_text", "description"):
                text = blob.metadata.get(name, "")
                assert text not in self.texts or text in stored.record.to_json().decode()
            assert isinstance(self.runner.run(self.harness.pipeline.describe(ref, self.brief)), Skip)
            beside = self.harness.images.blobs.get(ImageRef(ref.container, f"{ref.name}.xmp"))
            assert not beside or stored.record.source.xmp
            self._nothing_is_replaced_unseen(ref, stored.record)
        assert not any(ref.name.endswith(".xmp") for ref in self.harness.records.stored)
        assert len(self.harness.model.calls) == calls, "what is complete was paid for again"

    def _nothing_is_replaced_unseen(self, ref: ImageRef, record: Record) -> None:
        """The model's text is published in a person's place only after a person had a word on the picture."""
        if ref in self.judged or record.status is not Status.DESCRIBED or record.origin("alt_text") != Origin.MODEL:
            return
        said = [line.of_editors().get("alt_text") for line in record.history]
        unseen = [text for text in said if text and text != record.alt_text]
        assert not unseen, f"{ref.name} is published with the model's text in the place of {unseen[0]!r}"

    # What holds always

    @invariant()
    def no_text_of_a_person_disappears(self) -> None:
        for ref in REFS:
            record = self._stored(ref)
            held = record.to_json().decode() if record else ""
            lost = {text for text in self.said[ref] if text not in held}
            assert not lost, f"{ref.name} lost {lost}"

    @invariant()
    def nobodys_metadata_is_lost(self) -> None:
        for ref, shelf in self.shelves.items():
            assert self.harness.images.blobs[ref].metadata["shelf"] == shelf

    @invariant()
    def a_record_is_of_bytes_that_were_there(self) -> None:
        for ref in REFS:
            if (record := self._stored(ref)) and record.source.sha256:
                assert record.source.sha256 in self.bytes_of[ref]

    def teardown(self) -> None:
        try:
            self.come_to_rest()
            self.no_text_of_a_person_disappears()
        finally:
            if not self._keeps_runner:
                self.runner.close()


World.TestCase.settings = settings(
    max_examples=max(1, STEPS // STEPS_AT_A_TIME),
    stateful_step_count=STEPS_AT_A_TIME,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestNothingIsLost = World.TestCase
