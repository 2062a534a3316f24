"""JSON lines for programs: each has `container`, `name`, `etag` and the whole record without its history."""

import json

from describer.domain.etag import unquoted
from describer.domain.image_blob import StoredRecord


def line(stored: StoredRecord) -> str:
    source = stored.record.source
    place = {"container": source.container, "name": source.name, "etag": unquoted(stored.etag)}
    return json.dumps(place | stored.record.model_dump(mode="json", exclude={"history"}), ensure_ascii=False) + "\n"
