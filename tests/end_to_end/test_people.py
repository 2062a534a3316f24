"""What people do to texts with any tool, end to end: the app's worker, Azurite and the stand-in model."""

import json
from typing import Any

from describer.domain.image_ref import ImageRef
from tests.end_to_end.conftest import System

TOM = "Tom, 100% asleep 🐈"


async def _saved(system: System, name: str, **fields: Any) -> None:
    """Save the sidecar as an editor does: with a byte order mark; a field that is None is taken out."""
    record = await system.sidecar(name)
    assert record is not None
    saved = {key: value for key, value in ({**record, **fields}).items() if key != "etag" and value is not None}
    await system.write_sidecar(name, b"\xef\xbb\xbf" + json.dumps(saved, ensure_ascii=False).encode())
    await system.send(ImageRef("images", name).subject)


async def _tagged(system: System, name: str, **pairs: str | None) -> None:
    """Set the metadata, which raises no event, and send one."""
    metadata = {**await system.metadata(name), **pairs}
    blob = system.blobs.get_blob_client("images", name)
    await blob.set_blob_metadata({key: value for key, value in metadata.items() if value is not None})
    await system.send(ImageRef("images", name).subject)


async def test_a_text_that_was_corrected_in_the_sidecar_is_a_persons(system: System) -> None:
    picture = system.picture()
    await system.upload("people/sidecar.jpg", picture)
    await system.finished("people/sidecar.jpg")
    await _saved(system, "people/sidecar.jpg", alt_text=TOM, rights="CC0")
    record = await system.finished("people/sidecar.jpg", status="kept")
    assert (record["alt_text"], record["review"], record["rights"]) == (TOM, "edited", "CC0")
    assert record["provenance"]["alt_text"]["origin"] == "human"
    assert (await system.metadata("people/sidecar.jpg"))["alt_text"] == "Tom, 100%25 asleep %F0%9F%90%88"
    await system.upload("people/sidecar.jpg", picture)
    assert await system.finished("people/sidecar.jpg", status="kept") == record
    assert system.calls(picture) == 1


async def test_an_approval_and_a_removal_in_the_metadata_are_heard(system: System) -> None:
    picture = system.picture()
    await system.upload("people/metadata.jpg", picture)
    await system.finished("people/metadata.jpg")
    await _tagged(system, "people/metadata.jpg", alt_text=None)
    record = await system.finished("people/metadata.jpg", status="needs_review")
    assert (record["demand"], system.calls(picture)) == ("text_removed", 2)
    await _tagged(system, "people/metadata.jpg", description_review="approved")
    record = await system.finished("people/metadata.jpg")
    assert (record["review"], record["demand"]) == ("approved", None)


async def test_a_text_corrected_in_the_metadata_comes_along_where_no_sidecar_does(system: System) -> None:
    picture = system.picture()
    await system.upload("people/moved.jpg", picture)
    await system.finished("people/moved.jpg")
    pairs = await system.metadata("people/moved.jpg") | {"alt_text": "Rebajas 50%de descuento"}
    pairs["description_sidecar"] = "images/nowhere.jpg.json"
    await system.upload("people/moved there.jpg", picture, metadata=pairs)
    record = await system.finished("people/moved there.jpg", status="kept")
    assert record["alt_text"] == "Rebajas 50%de descuento"


async def test_a_picture_that_a_person_marks_as_decorative_has_an_empty_alt_text(system: System) -> None:
    await system.upload("people/line.jpg", system.picture())
    await system.finished("people/line.jpg")
    await _tagged(system, "people/line.jpg", is_decorative="true")
    record = await system.finished("people/line.jpg", status="kept")
    assert (record["alt_text"], record["is_decorative"]) == ("", True)
    pairs = await system.metadata("people/line.jpg")
    assert (pairs["is_decorative"], "alt_text" in pairs) == ("true", False)
