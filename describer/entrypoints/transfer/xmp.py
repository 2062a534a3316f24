"""Writes an XMP sidecar for a picture: texts as language alternatives, the default first (ISO 16684-1)."""

import re
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from describer.domain.record import Record
from describer.entrypoints.transfer.exiftool import DEFAULT
from describer.entrypoints.transfer.spreadsheet import texts_in

_NAMES: Final = {
    "description": "dc:description",
    "alt_text": "Iptc4xmpCore:AltTextAccessibility",
    "extended_description": "Iptc4xmpCore:ExtDescrAccessibility",
}
_ILLEGAL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
"""Characters that XML 1.0 cannot contain."""
_PACKET: Final = """\
<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:Iptc4xmpCore="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/">
{properties}  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>
"""


def packet(record: Record) -> str:
    """Return the sidecar's text; empty if the record has no texts."""
    texts = {DEFAULT: texts_in(record, record.language)}
    texts |= {tag: texts_in(record, tag) for tag in record.translations}
    properties = ""
    for field, name in _NAMES.items():
        items = {tag: given[field] for tag, given in texts.items() if given.get(field)}
        alternatives = [f"<rdf:li xml:lang={quoteattr(tag)}>{_legal(text)}</rdf:li>" for tag, text in items.items()]
        properties += _property(name, "Alt", alternatives)
    properties += _property("dc:subject", "Bag", [f"<rdf:li>{_legal(tag)}</rdf:li>" for tag in record.tags])
    return _PACKET.format(properties=properties) if properties else ""


def _property(name: str, container: str, items: list[str]) -> str:
    if not items:
        return ""
    inner = "".join(f"     {item}\n" for item in items)
    return f"   <{name}>\n    <rdf:{container}>\n{inner}    </rdf:{container}>\n   </{name}>\n"


def _legal(text: str) -> str:
    return escape(_ILLEGAL.sub(" ", text), {"\r": "&#13;"})
