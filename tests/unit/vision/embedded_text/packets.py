"""Packets and files with them, laid out byte by byte."""

from io import BytesIO

from PIL import Image

XAP = b"http://ns.adobe.com/xap/1.0/\0"
EXTENSION = b"http://ns.adobe.com/xmp/extension/\0"
_NAMESPACES = (
    'xmlns:c="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:note="http://ns.adobe.com/xmp/note/" xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    'xmlns:p="http://ns.adobe.com/photoshop/1.0/"'
)
_RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'


def packet(inner: str, attributes: str = "") -> bytes:
    return f"<rdf:RDF {_RDF}><rdf:Description {_NAMESPACES} {attributes}>{inner}</rdf:Description></rdf:RDF>".encode()


def alt(*items: tuple[str, str], name: str = "c:AltTextAccessibility") -> str:
    listed = "".join(f'<rdf:li xml:lang="{tag}">{text}</rdf:li>' for tag, text in items)
    return f"<{name}><rdf:Alt>{listed}</rdf:Alt></{name}>"


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2) + body


def jpeg(*segments: bytes) -> bytes:
    saved = BytesIO()
    Image.new("RGB", (8, 8), "white").save(saved, "JPEG")
    whole = saved.getvalue()
    return whole[:2] + b"".join(segments) + whole[2:]


def with_xmp(data: bytes) -> bytes:
    return jpeg(segment(0xE1, XAP + data))
