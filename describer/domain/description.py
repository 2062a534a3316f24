"""The description that the model returns, and its JSON schema."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from pydantic import BaseModel


class ImageKind(StrEnum):
    """The kind of picture."""

    PHOTO = "photo"
    ILLUSTRATION = "illustration"
    SCREENSHOT = "screenshot"
    CHART = "chart"
    DIAGRAM = "diagram"
    MAP = "map"
    DOCUMENT = "document"
    LOGO = "logo"
    OTHER = "other"


class Texts(BaseModel, frozen=True, json_schema_serialization_defaults_required=True):
    """The texts in one language, named as in IPTC where it has a name."""

    alt_text: str = ""
    """The essential content, in about 125 characters (IPTC AltTextAccessibility)."""
    description: str = ""
    """A caption (IPTC Description)."""
    extended_description: str = ""
    """The full content of a complex picture (IPTC ExtDescrAccessibility); empty for simple ones."""


class Description(BaseModel, frozen=True):
    """One picture's description by the model; `texts` by BCP 47 tag."""

    image_kind: ImageKind
    is_decorative: bool
    visible_text: str
    tags: tuple[str, ...]
    texts: dict[str, Texts]
    uncertainties: tuple[str, ...] = ()
    """Details that the model is unsure of, in its own words."""


def schema(languages: Sequence[str]) -> dict[str, Any]:
    """Return the strict JSON schema for an answer in these languages.

    Strict mode requires every property and allows no others. Azure rejects lengths, patterns and ranges; `quality`
    checks them afterwards.
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
