"""The reader's rules that no picture of the folder shows alone."""

import gc
import itertools
import os
import random
from io import BytesIO
from time import thread_time

import pytest
from PIL import Image

from describer.domain.embedded import EmbeddedTexts
from describer.vision.embedded_text import read as reading
from describer.vision.embedded_text import xmp
from describer.vision.embedded_text.blocks import MOST
from describer.vision.embedded_text.read import UNREADABLE, embedded_texts
from describer.vision.embedded_text.templates import is_template
from tests.unit.vision.embedded_text.packets import EXTENSION, XAP, alt, jpeg, packet, segment, with_xmp
from tests.unit.vision.embedded_text.test_pictures import FOLDER

GUID = "A" * 32


def alt_text(inner: str) -> dict[str, str]:
    return dict(embedded_texts(with_xmp(packet(inner))).alt_text)


def extended(offset: int, full: int, part: bytes, guid: str = GUID) -> bytes:
    return segment(0xE1, EXTENSION + guid.encode() + full.to_bytes(4) + offset.to_bytes(4) + part)


MAIN = segment(0xE1, XAP + packet("", f'note:HasExtendedXMP="{GUID}" c:AltTextAccessibility="A jug"'))
LONG = packet(alt(("x-default", "All of the jug"), name="c:ExtDescrAccessibility"))
PARTS = [extended(at, len(LONG), LONG[at : at + 100]) for at in range(0, len(LONG), 100)]


@pytest.mark.parametrize("order", [PARTS, PARTS[::-1], [*PARTS, PARTS[0]]], ids=["in order", "backwards", "one twice"])
def test_parts_of_an_extended_packet_are_joined_by_offset(order: list[bytes]) -> None:
    texts = embedded_texts(jpeg(MAIN, *order))
    assert (texts.alt_text, texts.extended_description) == ({"x-default": "A jug"}, {"x-default": "All of the jug"})


@pytest.mark.parametrize(
    "parts",
    [
        PARTS[1:],
        PARTS[:-1],
        [extended(at, len(LONG), LONG[at : at + 100], "B" * 32) for at in range(0, len(LONG), 100)],
    ],
    ids=["without the first", "without the last", "another GUID"],
)
def test_an_extended_packet_that_is_incomplete_or_anothers_is_passed_over(parts: list[bytes]) -> None:
    texts = embedded_texts(jpeg(MAIN, *parts))
    assert (texts.alt_text, texts.extended_description) == ({"x-default": "A jug"}, {})


def test_regions_artworks_and_places_are_not_the_pictures_own() -> None:
    inner = (
        "<e:ArtworkOrObject><rdf:Bag><rdf:li><rdf:Description>"
        f"{alt(('x-default', 'Another picture'))}</rdf:Description></rdf:li></rdf:Bag></e:ArtworkOrObject>"
        "<e:LocationShown><rdf:Bag><rdf:li><rdf:Description e:City='Atlantis'/></rdf:li></rdf:Bag></e:LocationShown>"
        "<p:City>Atlantis</p:City><c:Location>The old harbour</c:Location>"
    )
    assert embedded_texts(with_xmp(packet(inner))) == EmbeddedTexts()


def test_tags_are_compared_without_case() -> None:
    found = alt_text(alt(("de", " "), ("X-Default", "A mill"), ("DE", "Eine Mühle"), ("de", "Zweite")))
    assert found == {"x-default": "A mill", "de": "Eine Mühle"}


@pytest.mark.parametrize(
    "inner",
    [
        "<c:AltTextAccessibility>A mill</c:AltTextAccessibility>",
        "<c:AltTextAccessibility><rdf:Bag><rdf:li>A mill</rdf:li></rdf:Bag></c:AltTextAccessibility>",
        "<c:AltTextAccessibility><rdf:Seq><rdf:li>A mill</rdf:li></rdf:Seq></c:AltTextAccessibility>",
        "<c:AltTextAccessibility rdf:parseType='Resource'><rdf:value>A mill</rdf:value></c:AltTextAccessibility>",
        "<c:AltTextAccessibility><rdf:Description rdf:value='A mill'/></c:AltTextAccessibility>",
        "<c:AltTextAccessibility><![CDATA[A mill]]></c:AltTextAccessibility>",
        "<c:AltTextAccessibility>A <!-- wind -->mill</c:AltTextAccessibility>",
    ],
)
def test_each_form_of_a_value(inner: str) -> None:
    assert alt_text(inner) == {"x-default": "A mill"}


def test_an_empty_item_is_no_text() -> None:
    assert alt_text(alt(("x-default", ""), ("en", "\n "))) == {}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('lang="x-default" A barge', {"x-default": "A barge"}),
        ('lang="de" Ein Kahn, rot, lang="fr" Une barge', {"de": "Ein Kahn, rot", "fr": "Une barge"}),
        ('A sign: lang="de" it reads', {"x-default": 'A sign: lang="de" it reads'}),
    ],
)
def test_alternatives_in_one_text_are_taken_apart(text: str, found: dict[str, str]) -> None:
    assert alt_text(f"<c:AltTextAccessibility>{text}</c:AltTextAccessibility>") == found


def test_a_packet_that_declares_its_own_entities_yields_no_text() -> None:
    inner = packet("<c:AltTextAccessibility>A mill</c:AltTextAccessibility>")
    assert alt_text("<c:AltTextAccessibility>A mill</c:AltTextAccessibility>")
    assert embedded_texts(with_xmp(b'<!DOCTYPE a [<!ENTITY b "c">]>' + inner)).alt_text == {}


def test_a_broken_packet_does_not_hide_a_sound_one() -> None:
    sound = segment(0xE1, XAP + packet(alt(("x-default", "A mill"))))
    assert embedded_texts(jpeg(segment(0xE1, XAP + b"<rdf:RDF"), sound)).alt_text == {"x-default": "A mill"}


def test_what_holds_too_many_pieces_is_not_parsed() -> None:
    assert xmp.properties(packet("<dc:a/>" * 10_000 + alt(("x-default", "A mill"))))
    assert xmp.properties(packet("<dc:a/>" * 30_000 + alt(("x-default", "A mill")))) == {}
    assert xmp.properties(packet(alt(("x-default", "x" * (MOST + 1))))) == {}


def test_avif_is_read_as_pillow_writes_it() -> None:
    saved = BytesIO()
    exif = Image.Exif()
    exif[270] = "Mill"
    image = Image.new("RGB", (16, 16), "white")
    image.save(saved, "AVIF", xmp=packet(alt(("x-default", "A mill"))), exif=exif)
    texts = embedded_texts(saved.getvalue())
    assert (texts.alt_text, texts.context_description) == ({"x-default": "A mill"}, "Mill")


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_exif_as_pillow_writes_it(form: str) -> None:
    saved = BytesIO()
    exif = Image.Exif()
    exif[270] = "Mill"
    Image.new("RGB", (16, 16), "white").save(saved, form, exif=exif)
    assert embedded_texts(saved.getvalue()).context == "Mill"


def test_a_big_tiff() -> None:
    saved = BytesIO()
    tags = {270: "Mill", 700: packet(alt(("x-default", "A mill")))}
    Image.new("RGB", (16, 16), "white").save(saved, "TIFF", big_tiff=True, tiffinfo=tags)
    texts = embedded_texts(saved.getvalue())
    assert (texts.alt_text, texts.context_description) == ({"x-default": "A mill"}, "Mill")


def test_a_place_in_exif_is_never_read() -> None:
    exif = Image.Exif()
    exif[270] = "Mill"
    exif.get_ifd(0x8825)[27] = b"ASCII\0\0\0by the old harbour"
    saved = BytesIO()
    Image.new("RGB", (16, 16), "white").save(saved, "JPEG", exif=exif)
    assert b"old harbour" in saved.getvalue()
    assert "harbour" not in str(embedded_texts(saved.getvalue()))


@pytest.mark.parametrize(
    "text",
    ["OLYMPUS DIGITAL CAMERA", "  sony dsc ", "<Digimax S600 / Kenox S600>", "default", "Created with GIMP"],
)
def test_a_template_is_nobodys_text(text: str) -> None:
    assert is_template(text)
    assert alt_text(alt(("x-default", text.replace("<", "&lt;")))) == {}


@pytest.mark.parametrize(
    "text", ["The default view of the map", "A digital camera on a table", "Sony", "Screenshot of a form"]
)
def test_a_persons_text_is_no_template(text: str) -> None:
    assert not is_template(text)


def test_the_guard_lets_nothing_out(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def broken(data: bytes) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setitem(reading._STARTS, b"GIF8", broken)
    assert embedded_texts(b"GIF89a") == EmbeddedTexts()
    assert [record.message for record in caplog.records] == [UNREADABLE]


PACKETS = int(os.environ.get("SOAK_PACKETS", "5000"))


def test_mutated_pictures_yield_texts_or_none_and_soon(caplog: pytest.LogCaptureFixture) -> None:
    """Pictures with some bytes changed, dropped or doubled: none raises, and none takes 50 ms."""
    originals = [path.read_bytes() for path in sorted(FOLDER.iterdir()) if path.suffix != ".toml"]
    for data in originals:  # so that tables are loaded
        embedded_texts(data)
    gc.collect()
    gc.freeze()  # what others have in memory is not looked through at our cost
    chance, slowest = random.Random(20261128), 0.0  # noqa: S311
    for data in itertools.islice(itertools.cycle(originals), PACKETS):
        changed = mutated(data, chance)
        began = thread_time()
        reading.texts_of(reading.blocks_of(changed))  # without the guard: there is little for it to catch
        slowest = max(slowest, thread_time() - began)
    gc.unfreeze()
    assert slowest < 0.05, f"{slowest * 1000:.0f} ms"
    assert not caplog.records


def mutated(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(min(len(changed), 6_000))
        match chance.randrange(4):
            case 0:
                changed[at] = chance.randrange(256)
            case 1:
                del changed[at : at + chance.randint(1, 40)]
            case 2:
                changed[at:at] = changed[at : at + chance.randint(1, 40)]
            case _:
                changed[at : at + 4] = chance.choice((b"\0\0\0\0", b"\xff\xff\xff\xff", b"&#x;", b"</x>"))
    return bytes(changed)
