"""The same picture with other words of its author's: in another file, or in another XMP file beside it.

Somebody saved the picture with other metadata, and the model would see what it saw before. What is stored is then
taken as if it had been written for the new bytes: people's texts stay, and what the author wrote in the old file makes
way for what is in the new one.
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

    None where that cannot be: the bytes are not others, the record does not say what the model saw, or an author's text
    is no longer in the file, so that there is none in its place.
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
    """Whether there is an XMP file beside the picture that the record does not have the texts of."""
    read = record.source.xmp
    return beside is not None and (read is None or read.sha256 != beside.sha256)


def beside_anew(content: ImageContent, stored: StoredRecord) -> tuple[StoredRecord, bool] | None:
    """Return the record of these bytes as it was without the words of the author's that another XMP file replaces.

    A text that the earlier XMP file had and the new one has not was removed by its author: it is to be asked for anew,
    which the second value tells. None if there is no other XMP file. One that is gone as a whole says nothing, and the
    texts from it stay.
    """
    record = stored.record
    if record.source.sha256 != content.sha256 or not is_other_sidecar(record, content.beside):
        return None
    keys, written = content.author.keys((record.language, *record.translations)), _of_author(record)
    gone = written - keys if record.source.xmp else frozenset[str]()
    replaced = (written & keys) | gone
    about = _without(stored, replaced).replacing({}, removed(replaced))  # so that none comes back from the history
    if gone:
        about = about.model_copy(update={"demand": Demand.REMOVED})
    return StoredRecord(about, stored.etag), bool(gone)


def _of_author(record: Record) -> frozenset[str]:
    """The keys of texts that are the author's, and that nobody has edited or judged since."""
    values, provenance = record.values(), record.provenance.items()
    of_author = {key: by for key, by in provenance if by.origin == Origin.EMBEDDED and by.review is None}
    return frozenset(key for key, by in of_author.items() if by.digest in {None, digest_of(values.get(key, ""))})


def _without(stored: StoredRecord, keys: frozenset[str]) -> Record:
    """Return the record without these texts, which are in its history: what was in the old file is nowhere else."""
    record = stored.record
    if not keys:
        return record
    provenance = {key: by for key, by in record.provenance.items() if key not in keys}
    history = (record.earlier(stored.etag), *record.history)
    about = record.replacing(dict.fromkeys(keys, ""), {})
    return about.model_copy(update={"provenance": provenance, "history": history})
