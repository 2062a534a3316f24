"""Reads the accessible name and description of an SVG drawing. SVG 2, 5.7 and 5.8; WAI-ARIA 1.2.

Nothing is rendered and no reference is followed: an external DOCTYPE is ignored, and a drawing with an internal DTD
yields no text.
"""

import re
from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException, DTDForbidden
from defusedxml.ElementTree import DefusedXMLParser

from describer.domain.embedded import DEFAULT, EmbeddedTexts
from describer.vision.embedded_text.blocks import MOST
from describer.vision.embedded_text.xmp import by_language

_SVG: Final = "{http://www.w3.org/2000/svg}"
_XML: Final = "{http://www.w3.org/XML/1998/namespace}"
_ROOT: Final = re.compile(rb"<(?:[\w.-]+:)?svg[\s>/]")
_HEAD: Final = 65_536
_TAGS: Final = 20_000


class _Parser(DefusedXMLParser):  # type: ignore[misc] # the package has no types
    """Accepts a DOCTYPE that refers to an external DTD without loading it; rejects an internal one."""

    def defused_start_doctype_decl(
        self, name: str, system_id: str | None, public_id: str | None, has_internal_subset: int
    ) -> None:
        if has_internal_subset:
            raise DTDForbidden(name, system_id, public_id)


def is_svg(data: bytes) -> bool:
    """Return whether an SVG root element begins within the examined part of the file."""
    return data[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<" and _ROOT.search(data[:_HEAD]) is not None


def of_svg(data: bytes) -> EmbeddedTexts:
    """Return the label as alt text and the description; without a label, the description becomes the alt text."""
    if len(data) > MOST or data.count(b"<") > _TAGS:
        return EmbeddedTexts()
    parser = _Parser(forbid_dtd=True)
    try:
        parser.feed(data)
        root: Element = parser.close()
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return EmbeddedTexts()
    if root.tag != f"{_SVG}svg":
        return EmbeddedTexts()
    label, described = by_language(_label(root)), by_language(_children(root, "desc"))
    return EmbeddedTexts(alt_text=label or described, extended_description=described if label else {})


def _label(root: Element) -> list[tuple[str, str]]:
    """Return the accessible name, in the order of its computation: aria-labelledby, aria-label, title."""
    by_id = {element.get("id"): element for element in root.iter()} if root.get("aria-labelledby") else {}
    named = [_text(by_id[name]) for name in root.get("aria-labelledby", "").split() if name in by_id]
    language = _language(root)
    for text in (" ".join(named), root.get("aria-label", "").strip()):
        if text:
            return [(language, text)]
    return list(_children(root, "title"))


def _children(root: Element, name: str) -> Iterator[tuple[str, str]]:
    for child in root.findall(f"{_SVG}{name}"):
        yield _language(child, _language(root)), _text(child)


def _language(element: Element, otherwise: str = DEFAULT) -> str:
    return element.get(f"{_XML}lang") or element.get("lang") or otherwise


def _text(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())
