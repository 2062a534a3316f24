"""The words of a drawing's author: what SVG calls it to readers who cannot see it. SVG 2, 5.7 and 5.8; WAI-ARIA 1.2.

Nothing is rendered, and no address is followed: an external DOCTYPE is passed over, and a drawing with declarations of
its own yields no text.
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
    """Lets a DOCTYPE pass that only points elsewhere: nothing is read from there."""

    def defused_start_doctype_decl(
        self, name: str, system_id: str | None, public_id: str | None, has_internal_subset: int
    ) -> None:
        if has_internal_subset:
            raise DTDForbidden(name, system_id, public_id)


def is_svg(data: bytes) -> bool:
    """Return whether a drawing begins within what of a text is looked at."""
    return data[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<" and _ROOT.search(data[:_HEAD]) is not None


def of_svg(data: bytes) -> EmbeddedTexts:
    """Its label as the alt text, and its description; without a label, the description is the alt text."""
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
    """By the order in which names are computed: aria-labelledby, aria-label, title."""
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
