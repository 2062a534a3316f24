"""Facts about a blob for the model. They are off by default, passed as data, cleaned and shortened."""

import json
import re
from collections.abc import Sequence
from typing import Final

from describer.domain import metadata
from describer.domain.image_blob import ImageBlob
from describer.vision.characters import cleaned

FILE_NAME: Final = "file_name"
FOLDER: Final = "folder"
METADATA: Final = "metadata:"
"""Prefix of a metadata key's name."""
LONGEST: Final = 300
"""Maximum characters of each fact."""
_SAYS_NOTHING: Final = re.compile(
    r"(img|dsc[nf]?|pxl|mvi|p|image|photo|picture|bild|foto|scan|screenshot|untitled|unnamed)?[\W\d_]*|[0-9a-f-]{12,}",
    re.IGNORECASE,
)
"""Names that cameras and upload forms assign."""


def about(picture: ImageBlob, sources: Sequence[str]) -> str:
    """Return the facts as a JSON object by source; empty if there are none."""
    folder, _, name = picture.ref.name.rpartition("/")
    stem = name.rpartition(".")[0] or name
    known = {FILE_NAME: "" if _SAYS_NOTHING.fullmatch(stem) else name, FOLDER: folder}
    for source in sources:
        if source.startswith(METADATA):
            key = source.removeprefix(METADATA)
            known[source] = metadata.decode(metadata.value(picture.metadata, key))
    facts = {source: " ".join(cleaned(known[source]).split())[:LONGEST] for source in sources if source in known}
    said = {source: text for source, text in facts.items() if text}
    return json.dumps(said, ensure_ascii=False) if said else ""
