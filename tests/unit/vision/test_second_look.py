"""A picture that was found corrupt is looked at again by other decoders, and by none twice."""

from dataclasses import replace
from importlib.metadata import version as installed

import pytest

from describer.domain.errors import Corrupt
from describer.domain.record import Record
from describer.domain.status import Skip, Status
from describer.vision.families import family
from describer.vision.imaging.preparer import ProcessPreparer
from describer.vision.imaging.values import Header, Limits, PreparedImage
from describer.vision.imaging.version import version
from tests import pictures
from tests.unit.conftest import CAT, Harness

DAMAGED = Corrupt("The PNG data is damaged.", {"format": "PNG", "width": 40, "height": 30})


async def corrupt(harness: Harness) -> Record:
    harness.preparer.refuses = DAMAGED
    record = await harness.described()
    harness.preparer.refuses = None
    return record


async def test_the_record_says_who_found_it_so_and_what_was_known(harness: Harness) -> None:
    record = await corrupt(harness)
    assert (record.status, record.reader) == (Status.CORRUPT, version())
    assert (record.source.format, record.source.width, record.source.height) == ("PNG", 40, 30)
    assert isinstance(await harness.describe(), Skip)


async def test_other_decoders_look_again(harness: Harness) -> None:
    await corrupt(harness)
    stored = harness.records.stored[CAT]
    harness.records.stored[CAT] = replace(stored, record=stored.record.model_copy(update={"reader": "1/pillow 12.0.0"}))
    record = await harness.described()
    assert (record.status, record.reader) == (Status.DESCRIBED, "")


async def test_a_bug_in_the_preparation_is_deferred_and_no_record_blames_the_picture(harness: Harness) -> None:
    """The process gets a model family that does not exist: it stands for any bug of the app."""
    luna = family("gpt-5.6-luna")
    assert luna is not None
    preparer = ProcessPreparer(lambda _: replace(luna, name="no such family"), Limits())
    harness = Harness(preparer=preparer, max_bytes=10**6)  # type: ignore[arg-type]
    harness.images.put(CAT, pictures.jpeg())
    await harness.delivery.handle_upload(CAT.container, CAT.name)
    await preparer.close()
    assert CAT not in harness.records.stored
    assert len(harness.queue.sent) == 1


@pytest.mark.parametrize("package", ["pillow", "pillow-heif", "pyvips-binary"])
def test_the_version_names_each_decoder(package: str) -> None:
    assert f"/{package} {installed(package)}" in version()


async def test_a_spacer_is_decorative_without_calling_the_model(harness: Harness) -> None:
    blank = PreparedImage(b"jpeg", 1, 1, header=Header("GIF", "image/gif", 1, 1), blank=True)
    harness.preparer.gives = blank
    record = await harness.described()
    assert (record.status, record.is_decorative, record.alt_text) == (Status.NEEDS_REVIEW, True, "")
    assert "spacer" in record.reason
    assert not harness.model.calls
