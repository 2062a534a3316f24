"""Recognises files beside pictures that are not pictures: by their first bytes, or by name if no byte is readable."""

import re
from dataclasses import dataclass
from typing import Final

LOOKED_AT: Final = 65_536
"""Bytes at the start of a file that are examined."""
_PDF_WITHIN: Final = 1024  # PDF readers allow this many bytes before the mark
_HTML_ROOT: Final = re.compile(rb"<html[\s>]|<!doctype\s+html|<head[\s>]|<body[\s>]")
_BYTE_ORDER: Final = re.compile(rb"\A(\xef\xbb\xbf|\xff\xfe|\xfe\xff)")
_MARKUP: Final = re.compile(rb"<(\?xml|[a-z!?])")
_AAE_KEYS: Final = b"adjustment"
"""Beginning of the keys of a property list that is an AAE file."""
_JSON_START: Final = re.compile(rb"[\[{]\s*([\[{\]}\"0-9-]|true|false|null)")
_DRAWING: Final = re.compile(rb"<(?:[a-z0-9_-]+:)?svg[\s>/]")
_PICTURE_BRANDS: Final = frozenset(
    {
        *("heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs", "mif1", "msf1", "avif", "avis"),
        *("jp2 ", "jpx ", "jpm ", "crx "),
    }
)
"""`ftyp` brands of pictures (ISO base media files); a file with any other brand is a film or a sound recording."""
_SOUND_BRANDS: Final = frozenset({b"M4A ", b"M4B ", b"M4P ", b"F4A ", b"F4B "})
"""First `ftyp` brands of sound recordings."""
_FILM_BOXES: Final = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
"""First boxes of QuickTime films without an `ftyp` brand."""


@dataclass(frozen=True, slots=True)
class Companion:
    """A kind of file that is not a picture.

    Args:
        what: name of the kind, such as `a film`.
        advice: what the user can do instead.
    """

    what: str
    advice: str = "Use the picture itself."

    @property
    def sentence(self) -> str:
        """Sentence for the user who asked for a description."""
        return f"This is {self.what}, not a picture. {self.advice}"


_FILM: Final = Companion("a film", "Use a still picture of it.")
_SOUND: Final = Companion("a sound recording", "Use a picture.")
_ARCHIVED: Final = "Extract the pictures from it."
_XMP: Final = Companion("an XMP sidecar, which contains metadata of a picture")
_AAE: Final = Companion("an AAE file, which contains Apple Photos' edits of a picture")
_THUMBNAILS: Final = Companion("a cache of thumbnails (Thumbs.db)")
_PLIST: Final = Companion("a property list of an Apple program")
_PDF: Final = Companion("a PDF document", "Export its pages as PNG or JPEG.")
_ILLUSTRATOR: Final = Companion("an Illustrator drawing in a PDF document", "Export it as PNG or JPEG.")
_HTML: Final = Companion("a web page, perhaps the error page of a failed download")
_XML: Final = Companion("an XML document, perhaps an error that was saved as a picture")
_JSON: Final = Companion(
    "JSON, such as a photo service's metadata of a picture, or an error that was saved as a picture"
)
_TEXT: Final = Companion("text")

_STARTS: Final = {
    b"PK\3\4": Companion("a ZIP archive or an Office document", _ARCHIVED),
    b"Rar!": Companion("a RAR archive", _ARCHIVED),
    b"7z\xbc\xaf": Companion("a 7z archive", _ARCHIVED),
    b"\x1f\x8b": Companion("compressed with gzip"),
    b"SQLite format 3\0": Companion("a database, perhaps a picture catalogue", "Use the pictures themselves."),
    b"\0\0\0\1Bud1": Companion("a folder's settings (.DS_Store)"),
    b"\0\5\x16\7": Companion("macOS's metadata of another file (AppleDouble, ._NAME)", "Use NAME itself."),
    b"\0\5\x16\0": Companion("a macOS AppleSingle file"),
    b"version https://git-lfs": Companion("a Git LFS pointer", "Fetch the picture itself."),
    b"\x1aE\xdf\xa3": _FILM,  # Matroska, WebM
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11": _FILM,  # WMV
    b"FLV\1": _FILM,
    b"\0\0\1\xba": _FILM,  # MPEG programs and streams
    b"\0\0\1\xb3": _FILM,
    b"\x06\x0e\x2b\x34\x02\x05\x01\x01": _FILM,  # MXF
    b".RMF": _FILM,
    b"OggS": Companion("a film or sound recording (Ogg)", "Use a still picture of it."),
    b"ID3": _SOUND,
    b"fLaC": _SOUND,
    b"#!AMR": _SOUND,
    b"MThd": _SOUND,
    b"\xff\xfb": _SOUND,  # MP3 and AAC without a tag
    b"\xff\xf3": _SOUND,
    b"\xff\xf2": _SOUND,
    b"\xff\xf1": _SOUND,
    b"\xff\xf9": _SOUND,
}
_PACKET_SIZES: Final = (188, 192)
"""Bytes per packet of an MPEG transport stream; each packet starts with the same byte."""

_BY_NAME: Final = {
    ending: companion
    for endings, companion in (
        ("3gp avi flv m2ts m4v mkv mov mp4 mpeg mpg mts mxf ogv ts webm wmv", _FILM),
        ("aac amr flac m4a mid mp3 oga ogg opus wav wma", _SOUND),
        ("xmp", _XMP),
        ("aae", _AAE),
        ("json jsonl", _JSON),
        ("htm html", _HTML),
        ("plist xml", _XML),
        ("pdf", _PDF),
        ("css csv ini js log md txt url", _TEXT),
        ("7z gz rar tar zip", Companion("an archive", _ARCHIVED)),
        ("doc docx odp ods odt ppt pptx xls xlsx", Companion("an Office document", _ARCHIVED)),
        ("db ds_store lrcat lrprev thm", Companion("a program's own data file")),
    )
    for ending in endings.split()
}
_READABLE_OR_DRAWN: Final = """
ai apng avif avifs bmp cr2 cr3 crw cur dcr dds dib dng emf eps erf exr gif heic heics heif hif icns ico iiq jfif jp2 j2k
jpe jpeg jpg jpx jxl jxr k25 kdc mos mpo mrw nef nrw orf pbm pcx pef pgm png pnm ppm psb psd raf raw rw2 rwl sr2 srf srw
svg svgz tga tif tiff webp wmf x3f xbm xcf xpm
"""
_PICTURE_ENDINGS: Final = frozenset(_READABLE_OR_DRAWN.split())


def claims_to_be_a_picture(name: str) -> bool:
    """Return whether a blob has a picture's extension, of a supported format or not; its rejection is then recorded."""
    last = name.rpartition("/")[2]
    return not last.startswith("._") and _extension(last) in _PICTURE_ENDINGS


def by_name(name: str) -> Companion | None:
    """Return the kind that a file's extension indicates; None if it may be a picture."""
    return _BY_NAME.get(_extension(name.rpartition("/")[2]))


def recognise(start: bytes) -> Companion | None:
    """Return the kind that the first bytes (up to `LOOKED_AT`) indicate; None if the file may be a picture."""
    for mark, companion in _STARTS.items():
        if start.startswith(mark):
            return companion
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        is_cache = b"C\0a\0t\0a\0l\0o\0g\0" in start or b"2\0005\0006\0_\0" in start
        return _THUMBNAILS if is_cache else Companion("an old Office document", _ARCHIVED)
    if start[:4] == b"RIFF" and start[8:12] in {b"AVI ", b"WAVE"}:
        return _FILM if start[8:12] == b"AVI " else _SOUND
    if _is_film(start):
        return _SOUND if start[8:12] in _SOUND_BRANDS else _FILM
    if start.startswith(b"bplist00"):
        return _AAE if _AAE_KEYS in start else _PLIST
    if b"%PDF-" in start[:_PDF_WITHIN]:
        return _ILLUSTRATOR if b"Adobe Illustrator" in start else _PDF
    return _text(start)


def _is_film(start: bytes) -> bool:
    if start[4:8] == b"ftyp":
        end = min(int.from_bytes(start[:4]), 256)
        brands = {start[8:12], *(start[at : at + 4] for at in range(16, end - 3, 4))}
        return not {brand.decode("latin-1") for brand in brands} & _PICTURE_BRANDS
    if start[4:8] in _FILM_BOXES and 8 <= int.from_bytes(start[:4]) < 2**31:
        return True
    return any(start[:1] == b"G" and start[size::size][:3] == b"GGG" for size in _PACKET_SIZES)


def _text(start: bytes) -> Companion | None:
    """Return the kind of text, in UTF-8 or UTF-16; None if the file is not text, or is a drawing."""
    beginning = _BYTE_ORDER.sub(b"", start[:LOOKED_AT].replace(b"\0", b"")).lower().strip()
    if _DRAWING.search(beginning) or re.match(rb"%!ps|p[1-7]\s|/\* xpm|#define \w+_width|#\?r|simple  =", beginning):
        return None
    if _HTML_ROOT.search(beginning):
        return _HTML
    if b"<x:xmpmeta" in beginning or beginning.startswith(b"<?xpacket"):
        return _XMP
    if _MARKUP.match(beginning):
        plist = b"<!doctype plist" in beginning or b"<plist" in beginning
        return _AAE if _AAE_KEYS in beginning else _PLIST if plist else _XML
    if _JSON_START.match(beginning):
        return _JSON
    printable = all(byte >= 32 or byte in b"\t\r\n\f" for byte in beginning[:512])
    return _TEXT if len(beginning) >= 16 and printable and _is_utf8(beginning[:512]) else None


def _is_utf8(some: bytes) -> bool:
    try:
        some[:-4].decode()
    except UnicodeDecodeError:
        return False
    return True


def _extension(last: str) -> str:
    return last.rpartition(".")[2].lower() if "." in last else ""
