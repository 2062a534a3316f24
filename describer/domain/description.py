"""The model's answer: its shape, and the JSON schema that it is held to."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict


class ImageKind(StrEnum):
    """What sort of picture it is."""

    PHOTO = "photo"
    ILLUSTRATION = "illustration"
    SCREENSHOT = "screenshot"
    CHART = "chart"
    DIAGRAM = "diagram"
    MAP = "map"
    DOCUMENT = "document"
    LOGO = "logo"
    OTHER = "other"


class Texts(BaseModel):
    """The texts of one language. Names follow IPTC's, where it has one."""

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)

    alt_text: str = ""
    """What a reader must know: about 125 characters (IPTC AltTextAccessibility)."""
    description: str = ""
    """What a caption would say (IPTC Description)."""
    extended_description: str = ""
    """All that a complex picture tells (IPTC ExtDescrAccessibility); empty for simple ones."""


class Description(BaseModel):
    """One picture's description as the model answered it; `texts` by BCP 47 tag."""

    model_config = ConfigDict(frozen=True)

    image_kind: ImageKind
    is_decorative: bool
    visible_text: str
    tags: tuple[str, ...]
    texts: dict[str, Texts]
    uncertainties: tuple[str, ...] = ()
    """What the model doubts, in its own words."""


def schema(languages: Sequence[str]) -> dict[str, Any]:
    """Return the strict JSON schema for an answer in these languages.

    Strict mode wants every property required and no others, and Azure refuses lengths, patterns and ranges: those are
    checked afterwards, in `quality`.
    """
    texts = {language: _object({name: {"type": "string"} for name in Texts.model_fields}) for language in languages}
    return _object(
        {
            "image_kind": {"type": "string", "enum": [kind.value for kind in ImageKind]},
            "visible_text": {"type": "string"},
            "texts": _object(texts),
            "tags": {"type": "array", "items": {"type": "string"}},
            "is_decorative": {"type": "boolean"},
            "uncertainties": {"type": "array", "items": {"type": "string"}},
        }
    )


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}
