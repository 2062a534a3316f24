"""Reads the picture's own properties from an XMP packet, by language. XMP part 1, 7 and 8.2.2.

Names are matched by namespace URI. Only direct children of a top-level description count, so texts about regions,
artworks and places are excluded.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from describer.domain.embedded import DEFAULT
from describer.domain.language import known
from describer.vision.embedded_text.blocks import MOST

type Items = list[tuple[str, str]]
"""The language and text of each item of a property."""

_RDF: Final = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_CORE: Final = "{http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/}"
_DC: Final = "{http://purl.org/dc/elements/1.1/}"
_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"
_FOR_EXTENSION: Final = "{http://ns.adobe.com/photoshop/1.0/}SidecarForExtension"
_EXTENDED: Final = "{http://ns.adobe.com/xmp/note/}HasExtendedXMP"
_NAMES: Final = {
    f"{_CORE}AltTextAccessibility": "alt_text",
    f"{_CORE}ExtDescrAccessibility": "extended_description",
    f"{_DC}description": "description",
    f"{_DC}title": "title",
    f"{_DC}subject": "keywords",
    _EXTENDED: "extended",
    _FOR_EXTENSION: "extension",
}
_ROOTS: Final = frozenset({"{adobe:ns:meta/}xmpmeta", "{adobe:ns:meta/}xapmeta"})
_LISTS: Final = frozenset({f"{_RDF}Alt", f"{_RDF}Bag", f"{_RDF}Seq"})
_MAX_TOKENS: Final = 20_000
"""Maximum number of tags, references and lines in a packet; real packets have a tenth of that."""
_MAX_ITEMS: Final = 500
"""Maximum number of a property's items, more than the languages of any site."""
_PREFIX: Final = re.compile(r'(?:^|,\s*)lang="([^"]*)"\s')


def properties(packet: bytes, extended: Mapping[str, bytes] | None = None) -> dict[str, Items]:
    """Return the properties by our names; empty if the packet is damaged or declares entities.

    `extended` has the extended packets by GUID; the main packet names the one that belongs to it.
    """
    found = _parsed(packet)
    guid = next((text for _, text in found.pop("extended", [])), "").upper()
    further = _parsed((extended or {}).get(guid, b""))
    further.pop("extended", None)
    return further | found


def is_packet(packet: bytes) -> bool:
    """Return whether this is a complete packet, even without texts."""
    root = _root(packet)
    return root is not None and root.tag in {*_ROOTS, f"{_RDF}RDF"}


def _parsed(packet: bytes) -> dict[str, Items]:
    found = dict[str, Items]()
    root = _root(packet)
    for name, items in _named(root) if root is not None else ():
        found.setdefault(name, []).extend(items)
    return found


def _root(packet: bytes) -> Element | None:
    packet = packet[: packet.rfind(b">") + 1].strip()
    if not packet or len(packet) > MOST or sum(map(packet.count, (b"<", b"&", b"\n"))) > _MAX_TOKENS:
        return None
    try:
        root: Element = fromstring(packet, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):  # the last two: an unknown encoding
        return None
    return root


def _named(root: Element) -> Iterator[tuple[str, Items]]:
    """Yield the properties of each top-level description."""
    for rdf in root if root.tag in _ROOTS else [root]:
        for description in rdf if rdf.tag == f"{_RDF}RDF" else ():
            if description.tag != f"{_RDF}Description":
                continue
            yield from ((_NAMES[key], [(DEFAULT, _plain(text))]) for key, text in description.items() if key in _NAMES)
            yield from ((_NAMES[child.tag], list(_items(child))) for child in description if child.tag in _NAMES)


def _items(prop: Element) -> Iterator[tuple[str, str]]:
    several = next((child for child in prop if child.tag in _LISTS), None)
    for item in [prop] if several is None else several[:_MAX_ITEMS]:
        value = _value(item)
        tag = item.get(_LANG) or (value.get(_LANG) if value is not None else None) or DEFAULT
        yield tag.strip(), _plain(item.text if value is None else value.text)


def _value(item: Element) -> Element | None:
    """Return the element with a qualified value: rdf:value, possibly within an rdf:Description."""
    inner = next((child for child in item if child.tag == f"{_RDF}Description"), item)
    value = inner.find(f"{_RDF}value")
    if value is None and (short := inner.get(f"{_RDF}value")):
        value = Element(f"{_RDF}value")
        value.text = short
    return value


def _plain(text: str | None) -> str:
    return (text or "").replace("\r\n", "\n").strip()


def by_language(items: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the non-empty texts by normalized language tag, the first of each.

    Some programs put all alternatives into one text: `lang="x-default" A barge, lang="de" Ein Kahn`.
    """
    found, seen = dict[str, str](), set[str]()
    for given, text in (one for item in items for one in _apart(*item)):
        tag = DEFAULT if given.lower() == DEFAULT else known(given)
        if text and tag.lower() not in seen:
            seen.add(tag.lower())
            found[tag] = text
    return found


def _apart(tag: str, text: str) -> Iterator[tuple[str, str]]:
    if not _PREFIX.match(text):
        yield tag, text
        return
    _, *pieces = _PREFIX.split(text, _MAX_ITEMS)
    yield from ((inner or tag, piece.strip()) for inner, piece in zip(pieces[::2], pieces[1::2], strict=True))
