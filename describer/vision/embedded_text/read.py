"""Reads the author's texts from a picture's file; damaged metadata yields no text.

One of several descriptions becomes the context, in the order of the Metadata Working Group (2.0, chapter 5): IIM if it
changed since the last synchronization with XMP, then XMP, IIM, Exif, PNG. Exif comes late because cameras fill it.
"""

import hashlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from describer.domain.embedded import ByLanguage, EmbeddedTexts, default_of
from describer.vision.embedded_text.blocks import Blocks, of_webp
from describer.vision.embedded_text.exif import exif_texts
from describer.vision.embedded_text.gif import of_gif
from describer.vision.embedded_text.heif import of_heif
from describer.vision.embedded_text.iim import iim_texts
from describer.vision.embedded_text.jpeg import of_jpeg
from describer.vision.embedded_text.png import of_png
from describer.vision.embedded_text.svg import is_svg, of_svg
from describer.vision.embedded_text.templates import is_template
from describer.vision.embedded_text.tiff import of_tiff
from describer.vision.embedded_text.xmp import Items, by_language, is_packet, properties

UNREADABLE: Final = "embedded_text.unreadable"

_STARTS: Final[dict[bytes, Callable[[bytes], Blocks]]] = {
    b"\xff\xd8\xff": of_jpeg,
    b"\x89PNG\r\n\x1a\n": of_png,
    b"GIF8": of_gif,
    b"II*\0": of_tiff,
    b"MM\0*": of_tiff,
    b"II+\0": of_tiff,
    b"MM\0+": of_tiff,
}

_BY_LANGUAGE: Final = ("alt_text", "extended_description", "description", "title")

_log = logging.getLogger(__name__)


def embedded_texts(data: bytes) -> EmbeddedTexts:
    """Return the author's texts; empty if there are none or they are damaged. Never raises."""
    try:
        return _without_templates(of_svg(data) if is_svg(data) else texts_of(blocks_of(data)))
    except Exception as error:  # noqa: BLE001 - untrusted bytes; the picture is described all the same
        _log.warning(UNREADABLE, extra={"error": type(error).__name__})
        return EmbeddedTexts()


@dataclass(frozen=True, slots=True)
class Packet:
    """An XMP file.

    Args:
        extension: extension of the picture it belongs to, among pictures of the same stem
            (`photoshop:SidecarForExtension`, written by Camera Raw and Lightroom); empty if absent.
    """

    texts: EmbeddedTexts
    extension: str


def packet_texts(data: bytes) -> Packet | None:
    """Return the content of an XMP file; None if it is damaged or not XMP. Never raises."""
    try:
        if not is_packet(data):
            return None
        extension = default_of(by_language(properties(data).get("extension", [])))
        return Packet(_without_templates(texts_of(Blocks(xmp=(data,)))), extension)
    except Exception as error:  # noqa: BLE001 - untrusted bytes
        _log.warning(UNREADABLE, extra={"error": type(error).__name__})
        return None


def blocks_of(data: bytes) -> Blocks:
    """Return the metadata blocks of a file of any known format."""
    for start, find in _STARTS.items():
        if data.startswith(start):
            return find(data)
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return of_webp(data)
    return of_heif(data) if data[4:8] == b"ftyp" else Blocks()


def texts_of(blocks: Blocks) -> EmbeddedTexts:
    """Return the texts of a file's metadata blocks."""
    found = dict[str, Items]()
    for packet in blocks.xmp:
        found = properties(packet, blocks.extended) | found
    texts = {name: by_language(items) for name, items in found.items() if name in _BY_LANGUAGE}
    old, camera = iim_texts(blocks.iim), exif_texts(blocks.exif)
    caption, title = default_of(texts.get("description", {})), default_of(texts.get("title", {}))
    newest = old.caption if _is_newer(blocks) else ""
    captions = (newest, caption, old.caption, camera.get("ImageDescription"), blocks.png.get("Description"))
    comments = (camera.get("XPComment"), camera.get("UserComment"))
    return EmbeddedTexts(
        **texts,
        keywords=tuple(dict.fromkeys(text for _, text in found.get("keywords", []) if text)),
        context_description=_first(*captions, *comments),
        context_title=_first(title, old.title, camera.get("XPTitle"), blocks.png.get("Title")),
    )


def _without_templates(texts: EmbeddedTexts) -> EmbeddedTexts:
    return replace(texts, alt_text=_written(texts.alt_text), extended_description=_written(texts.extended_description))


def _written(texts: ByLanguage) -> ByLanguage:
    return {tag: text for tag, text in texts.items() if not is_template(text)}


def _is_newer(blocks: Blocks) -> bool:
    """Return whether a program that does not support XMP changed the IIM block after the last synchronization."""
    empty = bytes(16)
    return blocks.iim_digest not in {b"", empty, hashlib.md5(blocks.iim, usedforsecurity=False).digest()}


def _first(*texts: str | None) -> str:
    filled: Iterable[str] = (text.strip() for text in texts if text)
    return next((text for text in filled if text and not is_template(text)), "")
