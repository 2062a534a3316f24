"""Detects the same picture in a new file: only metadata differs, so the model would see the same.

The stored record then counts as written for the new bytes: people's texts stay, and the author's texts in the old file
are replaced by those in the new one.
"""

from dataclasses import replace

from describer.domain import metadata
from describer.domain.image_blob import ImageBlob, ImageContent, StoredRecord
from describer.domain.texts import Origin


def rebased(picture: ImageBlob, content: ImageContent, stored: StoredRecord) -> tuple[ImageBlob, StoredRecord] | None:
    """Return the picture and its record as if they were about these bytes.

    Returns None if the bytes are the same, the record does not say what the model saw, or an author's text is missing
    from the new file.
    """
    record, sha256 = stored.record, content.sha256
    if not (sha256 and record.prepared and record.source.sha256) or record.source.sha256 == sha256:
        return None
    embedded = [key for key, by in record.provenance.items() if by.origin == Origin.EMBEDDED and by.review is None]
    if not set(embedded) <= content.embedded.by_key((record.language, *record.translations)).keys():
        return None
    source = record.source.model_copy(update={"sha256": sha256, "etag": picture.etag, "size": content.size})
    provenance = {key: by for key, by in record.provenance.items() if key not in embedded}
    about = record.replacing(dict.fromkeys(embedded, ""), {})
    about = about.model_copy(update={"provenance": provenance, "source": source})
    if embedded:  # the old file's texts exist nowhere else
        about = about.model_copy(update={"history": (record.earlier(stored.etag), *record.history)})
    pairs = metadata.about_bytes(picture.metadata, old=record.source.sha256, new=sha256)
    return replace(picture, metadata=pairs), StoredRecord(about, stored.etag)
