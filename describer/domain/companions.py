"""Files that lie beside pictures: what they are by their first bytes, or by their names where no byte can be had."""

import re
from dataclasses import dataclass
from typing import Final

LOOKED_AT: Final = 65_536
"""First bytes that are looked at."""
_PDF_WITHIN: Final = 1024  # readers of PDF take so much before its mark
_HTML_ROOT: Final = re.compile(rb"<html[\s>]|<!doctype\s+html|<head[\s>]|<body[\s>]")
_MARKUP: Final = re.compile(rb"(\xff\xfe|\xfe\xff)?<(\?xml|[a-z!?])")
_JSON_START: Final = re.compile(rb"[\[{]\s*([\[{\]}\"0-9-]|true|false|null)")
_DRAWING: Final = re.compile(rb"<(?:[a-z0-9_-]+:)?svg[\s>/]")
_PICTURE_BRANDS: Final = frozenset(
    {
        *("heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs", "mif1", "msf1", "avif", "avis"),
        *("jp2 ", "jpx ", "jpm ", "crx "),
    }
)
"""Of files of boxes that hold pictures; any other holds a film or sound."""
_FILM_BOXES: Final = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
"""With which films of QuickTime begin that declare no brand."""


@dataclass(frozen=True, slots=True)
class Companion:
    """A file that is no picture.

    Args:
        what: it is, such as `a film`.
        advice: for whoever takes it for a picture.
    """

    what: str
    advice: str = "Use the picture itself."

    @property
    def sentence(self) -> str:
        """For whoever wants it described."""
        return f"This is {self.what}, no picture. {self.advice}"


_FILM: Final = Companion("a film", "Use a still picture of it.")
_SOUND: Final = Companion("a sound recording", "Use a picture.")
_ARCHIVED: Final = "Take the pictures out of it."
_XMP: Final = Companion("an XMP sidecar, in which programs keep what is known of a picture")
_AAE: Final = Companion("an AAE file, in which Apple's Photos keeps the edits of a picture")
_THUMBNAILS: Final = Companion("a cache of thumbnails (Thumbs.db)")
_PDF: Final = Companion("a PDF document", "Export its pages as PNG or JPEG.")
_HTML: Final = Companion("a web page, perhaps the error page of a failed download")
_XML: Final = Companion("an XML document, perhaps an error that was saved as a picture")
_JSON: Final = Companion("JSON, such as a photo service's notes on a picture, or an error that was saved as one")
_TEXT: Final = Companion("text")

_STARTS: Final = {
    b"PK\3\4": Companion("a ZIP archive or an Office document", _ARCHIVED),
    b"Rar!": Companion("a RAR archive", _ARCHIVED),
    b"7z\xbc\xaf": Companion("a 7z archive", _ARCHIVED),
    b"\x1f\x8b": Companion("compressed with gzip"),
    b"SQLite format 3\0": Companion("a database, perhaps a picture catalogue", "Use the pictures themselves."),
    b"\0\0\0\1Bud1": Companion("a folder's settings (.DS_Store)"),
    b"\0\5\x16\7": Companion("the companion of a file that macOS keeps (AppleDouble, ._NAME)", "Use NAME itself."),
    b"\0\5\x16\0": Companion("a file of macOS (AppleSingle)"),
    b"version https://git-lfs": Companion("a pointer of Git LFS", "Fetch the picture itself."),
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
"""Of an MPEG transport stream, whose packets begin with the same byte."""

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
        ("db ds_store lrcat lrprev thm", Companion("a file in which a program keeps notes")),
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
    """Whether a blob is named like a picture, readable here or not: what else lies in it is worth a record."""
    last = name.rpartition("/")[2]
    return not last.startswith("._") and _extension(last) in _PICTURE_ENDINGS


def by_name(name: str) -> Companion | None:
    """Return what a file is named like, if that is no picture."""
    return _BY_NAME.get(_extension(name.rpartition("/")[2]))


def recognise(start: bytes) -> Companion | None:
    """Return what a file is by its first bytes (up to `LOOKED_AT`), if it is known to be no picture."""
    for mark, companion in _STARTS.items():
        if start.startswith(mark):
            return companion
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        is_cache = b"C\0a\0t\0a\0l\0o\0g\0" in start or b"2\0005\0006\0_\0" in start
        return _THUMBNAILS if is_cache else Companion("an old Office document", _ARCHIVED)
    if start[:4] == b"RIFF" and start[8:12] in {b"AVI ", b"WAVE"}:
        return _FILM if start[8:12] == b"AVI " else _SOUND
    if _is_film(start):
        return _FILM
    return _PDF if b"%PDF-" in start[:_PDF_WITHIN] else _text(start)


def _is_film(start: bytes) -> bool:
    if start[4:8] == b"ftyp":
        end = min(int.from_bytes(start[:4]), 256)
        brands = {start[8:12], *(start[at : at + 4] for at in range(16, end - 3, 4))}
        return not {brand.decode("latin-1") for brand in brands} & _PICTURE_BRANDS
    if start[4:8] in _FILM_BOXES and 8 <= int.from_bytes(start[:4]) < 2**31:
        return True
    return any(start[:1] == b"G" and start[size::size][:3] == b"GGG" for size in _PACKET_SIZES)


def _text(start: bytes) -> Companion | None:
    """What kind of text it is; nothing where it is none, or a drawing. In UTF-16 too."""
    beginning = start[:LOOKED_AT].replace(b"\0", b"").lower().removeprefix(b"\xef\xbb\xbf").strip()
    if _DRAWING.search(beginning) or re.match(rb"%!ps|p[1-7]\s|/\* xpm|#define \w+_width|#\?r|simple  =", beginning):
        return None
    if _HTML_ROOT.search(beginning):
        return _HTML
    if b"<x:xmpmeta" in beginning or beginning.startswith(b"<?xpacket"):
        return _XMP
    if _MARKUP.match(beginning):
        return _AAE if b"<!doctype plist" in beginning else _XML
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
