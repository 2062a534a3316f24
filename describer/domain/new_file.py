"""Carries a record over to a new file of the same picture, or to a new XMP file beside it.

This applies if only the metadata of the picture changed, so that the model would see the same as before. The record is
then treated as one about the new bytes: texts by people stay; the author's texts from the old file are replaced by
those in the new one.
"""

from dataclasses import replace

from describer.domain import metadata
from describer.domain.embedded import XmpSidecar
from describer.domain.image_blob import ImageBlob, ImageContent, StoredRecord
from describer.domain.record import Record
from describer.domain.review import Demand
from describer.domain.texts import Origin, digest_of, removed


def rebased(picture: ImageBlob, content: ImageContent, stored: StoredRecord) -> tuple[ImageBlob, StoredRecord] | None:
    """Return the picture and its record as if they were about these bytes.

    Returns None if the bytes are the same, the record does not say what the model saw, or an author's text is missing
    from the new file.
    """
    record, sha256 = stored.record, content.sha256
    if not (sha256 and record.prepared and record.source.sha256) or record.source.sha256 == sha256:
        return None
    embedded = _of_author(record)
    if not embedded <= content.author.keys((record.language, *record.translations)):
        return None
    source = record.source.model_copy(update={"sha256": sha256, "etag": picture.etag, "size": content.size})
    about = _without(stored, embedded).model_copy(update={"source": source})
    pairs = metadata.about_bytes(picture.metadata, old=record.source.sha256, new=sha256)
    return replace(picture, metadata=pairs), StoredRecord(about, stored.etag)


def is_other_sidecar(record: Record, beside: XmpSidecar | None) -> bool:
    """Return whether the XMP file beside the picture is not the one whose texts are in the record."""
    read = record.source.xmp
    return beside is not None and (read is None or read.sha256 != beside.sha256)


def with_other_sidecar(content: ImageContent, stored: StoredRecord) -> tuple[StoredRecord, bool] | None:
    """Return the record without the author's texts that another XMP file replaces.

    The author removed a text that the earlier XMP file had and the new one lacks: the second value says whether there
    is one, so that the model is asked again. Returns None if there is no other XMP file. If an XMP file was deleted,
    its texts stay.
    """
    record = stored.record
    if record.source.sha256 != content.sha256 or not is_other_sidecar(record, content.beside):
        return None
    keys, written = content.author.keys((record.language, *record.translations)), _of_author(record)
    gone = written - keys if record.source.xmp else frozenset[str]()
    replaced = (written & keys) | gone
    about = _without(stored, replaced).replacing({}, removed(replaced))  # else history would restore them
    if gone:
        about = about.model_copy(update={"demand": Demand.REMOVED})
    return StoredRecord(about, stored.etag), bool(gone)


def _of_author(record: Record) -> frozenset[str]:
    """Return the keys of the author's texts that no person has edited or reviewed since."""
    values, provenance = record.values(), record.provenance.items()
    of_author = {key: by for key, by in provenance if by.origin == Origin.EMBEDDED and by.review is None}
    return frozenset(key for key, by in of_author.items() if by.digest in {None, digest_of(values.get(key, ""))})


def _without(stored: StoredRecord, keys: frozenset[str]) -> Record:
    """Return the record without these texts; they move to its history, the only place that still has them."""
    record = stored.record
    if not keys:
        return record
    provenance = {key: by for key, by in record.provenance.items() if key not in keys}
    history = (record.earlier(stored.etag), *record.history)
    about = record.replacing(dict.fromkeys(keys, ""), {})
    return about.model_copy(update={"provenance": provenance, "history": history})
