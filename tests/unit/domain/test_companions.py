"""Files beside pictures are known by their first bytes; no picture is taken for one of them."""

import json
import plistlib
import sqlite3
import struct
from contextlib import closing
from pathlib import Path

import pytest

from describer.domain import companions
from tests import pictures
from tests.unit.vision.test_kinds import KINDS

XMP = b"<?xpacket begin='\xef\xbb\xbf'?><x:xmpmeta xmlns:x='adobe:ns:meta/'></x:xmpmeta><?xpacket end='w'?>"
ADJUSTMENTS = {"adjustmentFormatIdentifier": "com.apple.photo", "adjustmentData": b"abc"}
FTYP = struct.pack(">I4s4sI4s", 20, b"ftyp", b"isom", 0, b"mp42")
FILES: dict[str, tuple[bytes, str]] = {
    "an iPhone's film": (struct.pack(">I4s4sI4s", 20, b"ftyp", b"qt  ", 0, b"qt  ") + b"\0\0\0\x08wide", "a film"),
    "an MP4": (FTYP, "a film"),
    "a QuickTime film without brands": (struct.pack(">I4s", 4096, b"moov") + bytes(100), "a film"),
    "an AVI": (b"RIFF\0\1\0\0AVI LIST" + bytes(50), "a film"),
    "a WebM": (b"\x1aE\xdf\xa3" + bytes(50), "a film"),
    "an MPEG transport stream": ((b"G" + bytes(187)) * 8, "a film"),
    "an MP3": (b"ID3\4\0\0\0\0\0\0" + bytes(50), "a sound recording"),
    "a WAV": (b"RIFF\0\1\0\0WAVEfmt " + bytes(50), "a sound recording"),
    "XMP": (XMP, "an XMP sidecar"),
    "XMP with a declaration": (b'<?xml version="1.0"?>\n<x:xmpmeta xmlns:x="adobe:ns:meta/"/>', "an XMP sidecar"),
    "XMP in UTF-16": (XMP.decode().encode("utf-16"), "an XMP sidecar"),
    "AAE": (plistlib.dumps(ADJUSTMENTS), "an AAE file"),
    "AAE in binary": (plistlib.dumps(ADJUSTMENTS, fmt=plistlib.FMT_BINARY), "an AAE file"),
    "an Info.plist": (plistlib.dumps({"CFBundleName": "Photos"}), "a property list"),
    "an Info.plist in binary": (plistlib.dumps({"CFBundleName": "x"}, fmt=plistlib.FMT_BINARY), "a property list"),
    "an M4A": (struct.pack(">I4s4sI4s", 20, b"ftyp", b"M4A ", 0, b"isom"), "a sound recording"),
    "Google's notes": (json.dumps({"title": "a.jpg", "photoTakenTime": {}}, indent=2).encode(), "JSON"),
    "Thumbs.db": (
        b"\xd0\xcf\x11\xe0" + bytes(600) + "Catalog".encode("utf-16-le") + bytes(50),
        "a cache of thumbnails",
    ),
    "an old Word document": (b"\xd0\xcf\x11\xe0" + bytes(600), "an old Office document"),
    ".DS_Store": (b"\0\0\0\1Bud1" + bytes(50), "a folder's settings"),
    "AppleDouble": (b"\0\5\x16\7" + bytes(50), "macOS's metadata"),
    "a PDF": (b"%PDF-1.7\n", "a PDF document"),
    "a ZIP": (b"PK\3\4" + bytes(50), "a ZIP archive"),
    "an Illustrator drawing": (
        b"%PDF-1.6\n<xmp:CreatorTool>Adobe Illustrator 29.0</xmp:CreatorTool>",
        "an Illustrator drawing",
    ),
    "desktop.ini in UTF-16": ("[.ShellClassInfo]\r\nIconResource=1\r\n".encode("utf-16"), "text"),
    "desktop.ini": (b"[.ShellClassInfo]\r\nIconResource=1\r\n", "text"),
    "a log": (b"2026-11-28 08:00:00 uploaded 12 files\n", "text"),
    "a web page": (b"<!doctype html><title>404</title>", "a web page"),
    "a pointer of Git LFS": (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
}
NAMES = {
    "a.MOV": "a film", "trip/a.mp4": "a film", "a.xmp": "an XMP sidecar", "a.jpg.XMP": "an XMP sidecar",
    "a.AAE": "an AAE file", "a.jpg.supplemental-metadata.json": "JSON", "Thumbs.db": "a program's own",
    ".DS_Store": "a program's own", "a.jpg": "", "a": "", "a.dat": "", "folder.mov/a": "",
}  # fmt: skip


@pytest.mark.parametrize("kind", FILES)
def test_each_is_called_what_it_is(kind: str) -> None:
    data, what = FILES[kind]
    found = companions.recognise(data)
    assert found
    assert found.what.startswith(what)
    assert found.sentence.startswith(f"This is {found.what}, not a picture. ")


def test_a_catalogue_is_a_database(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "photos.lrcat")) as catalogue:
        catalogue.execute("create table photos (name)")
    found = companions.recognise((tmp_path / "photos.lrcat").read_bytes())
    assert found and found.what.startswith("a database")


@pytest.mark.parametrize("kind", [*pictures.EVERY_KIND, *KINDS])
def test_no_picture_is_taken_for_one_of_them(kind: str) -> None:
    data = KINDS[kind]() if kind in KINDS else pictures.EVERY_KIND[kind][1]
    assert companions.recognise(bytes(data)[: companions.LOOKED_AT]) is None


@pytest.mark.parametrize(
    "drawing", [b"<svg/>", b'<?xml version="1.0"?><!-- x --><svg xmlns="y"/>', b"P3 2 2 255 ", b"%!PS"]
)
def test_drawings_are_pictures_that_are_not_read(drawing: bytes) -> None:
    assert companions.recognise(drawing + b" " * 20) is None


@pytest.mark.parametrize("name", NAMES)
def test_without_bytes_the_name_decides(name: str) -> None:
    found = companions.by_name(name)
    assert (found.what if found else "").startswith(NAMES[name])
    assert bool(found) == bool(NAMES[name])


@pytest.mark.parametrize(
    ("name", "claims"),
    [("a.jpg", True), ("a.HEIC", True), ("a.dng", True), ("a.svg", True), ("a", False), ("._a.jpg", False),
     ("a.jpg.xmp", False), ("x.jpg/a", False)],
)  # fmt: skip
def test_what_is_named_like_a_picture(name: str, claims: bool) -> None:
    assert companions.claims_to_be_a_picture(name) is claims
