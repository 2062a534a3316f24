"""The same picture in another file: somebody saved it with other metadata, and the model would see what it saw before.

What is stored is then taken as if it had been written for the new bytes: people's texts stay, and what the author
embedded in the old file makes way for what is in the new one.
"""

from dataclasses import replace

from describer.domain import metadata
from describer.domain.image_blob import ImageBlob, ImageContent, StoredRecord
from describer.domain.texts import Origin


def rebased(picture: ImageBlob, content: ImageContent, stored: StoredRecord) -> tuple[ImageBlob, StoredRecord] | None:
    """Return the picture and its record as if they were about these bytes.

    None where that cannot be: the bytes are not others, the record does not say what the model saw, or an author's text
    is no longer in the file, so that there is none in its place.
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
    if embedded:  # what was in the old file is nowhere else
        about = about.model_copy(update={"history": (record.earlier(stored.etag), *record.history)})
    pairs = metadata.about_bytes(picture.metadata, old=record.source.sha256, new=sha256)
    return replace(picture, metadata=pairs), StoredRecord(about, stored.etag)
