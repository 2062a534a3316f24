"""Each rule of the reader has a picture that is read wrongly without it."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

from describer.domain.embedded import EmbeddedTexts
from describer.vision.embedded_text.read import embedded_texts
from tests.unit.vision.embedded_text.test_pictures import FOLDER

PACKAGE = "describer.vision.embedded_text"
MODULES = ("blocks", "jpeg", "png", "tiff", "gif", "heif", "iim", "exif", "templates", "xmp", "svg", "read")

RULES = [
    ("jpeg", "extended=_joined(", "extended={} and _joined(", "extended-xmp.jpg"),
    ("jpeg", "for offset in sorted(by_offset)", "for offset in [0]", "extended-xmp.jpg"),
    ("png", 'kind == b"zTXt"', 'kind == b"none"', "sharp-png.png"),
    ("png", 'raw.get("xmp")', "None", "imagemagick-png.png"),
    ("png", "inflated(rest) if packed", "rest if packed", "pillow-itxt-compressed.png"),
    ("png", "if len(kind) < 4:", 'if len(kind) < 4 or kind == b"IDAT":', "xmp-after-pixels.png"),
    ("png", 'else "latin-1"', 'else "utf-8"', "png-text.png"),
    ("blocks", 'b"XMP " in found', 'b"XMP" in found', "et-webp.webp"),
    ("tiff", 'data[:2] == b"II" else', "data[:2] else", "usercomment-unicode.jpg"),
    ("tiff", "_XMP: Final = 700", "_XMP: Final = 701", "et-tiff.tif"),
    ("gif", "start += len(_EXTENSION)", "start = len(data)", "et-gif.gif"),
    ("heif", "base += starts.get", "base = starts.get", "heif-enc.heic"),
    ("heif", 'kind = media_type.partition(b"\\0")[0]', "pass", "et-heic.heic"),
    ("xmp", '"{adobe:ns:meta/}xapmeta"', '""', "xapmeta-no-packet.jpg"),
    ("xmp", "{http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/}", "{http://example.org/}", "other-prefix.jpg"),
    ("xmp", "for key, text in description.items()", "for key, text in ()", "exiv2-untyped.jpg"),
    ("xmp", "value is None else value.text", "True else value.text", "qualified-value.jpg"),
    ("xmp", "if not _PREFIX.match(text):", "if True:", "gimp-export.jpg"),
    ("xmp", "if text and tag.lower()", "if tag.lower()", "empty-default.jpg"),
    ("xmp", "else known(given)", "else given", "many-languages.png"),
    ("iim", '("utf-8", "cp1252")', '("utf-8", "cp1251")', "iim-latin1-undeclared.jpg"),
    ("exif", 'decoded(found.values.get(IMAGE_DESCRIPTION, b"").partition(b"\\0")[0])',
     'found.values.get(IMAGE_DESCRIPTION, b"").decode("latin-1")', "exif-description-utf8.jpg"),
    ("exif", "_utf16(text, order)", 'text.decode("utf-16-le", "replace")', "usercomment-unicode.jpg"),
    ("read", "old.caption if _is_newer(blocks)", '"" if _is_newer(blocks)', "mwg-stale-digest.jpg"),
    ("read", 'if text and not is_template(text)), "")', 'if text), "")', "template-olympus.jpg"),
    ("read", 'if text and not is_template(text)), "")', 'if text), "")', "template-default.jpg"),
]  # fmt: skip


@pytest.mark.parametrize(("module", "rule", "mutant", "picture"), RULES, ids=[f"{row[0]}-{row[3]}" for row in RULES])
def test_without_the_rule_its_picture_is_read_wrongly(module: str, rule: str, mutant: str, picture: str) -> None:
    data = (FOLDER / picture).read_bytes()
    with mutated(module, rule, mutant) as read:
        assert read(data) != embedded_texts(data)


@contextmanager
def mutated(module: str, rule: str, mutant: str) -> Iterator[Callable[[bytes], EmbeddedTexts]]:
    """The reader, rebuilt with this change in one module."""
    kept = {name: found for name, found in sys.modules.items() if name.startswith(f"{PACKAGE}.")}
    try:
        for name in MODULES:
            source = source_of(name)
            if name == module:
                assert source.count(rule) == 1
                source = source.replace(rule, mutant)
            built = ModuleType(f"{PACKAGE}.{name}")
            sys.modules[built.__name__] = built
            exec(compile(source, f"{name}.py", "exec"), built.__dict__)  # noqa: S102
        yield sys.modules[f"{PACKAGE}.read"].embedded_texts
    finally:
        sys.modules.update(kept)


def source_of(name: str) -> str:
    spec = find_spec(f"{PACKAGE}.{name}")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).read_text("utf-8")
