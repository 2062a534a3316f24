"""Sound files of prepress, science and archives are shown rightly or refused by name: never black, white or noise."""

import struct
from collections.abc import Callable
from functools import partial
from io import BytesIO

import numpy as np
import pillow_heif
import pytest
import pyvips
from PIL import Image

from describer.domain.errors import Corrupt, Unsupported
from describer.vision.imaging import boxes
from describer.vision.imaging.render import prepare
from describer.vision.imaging.values import Limits, PreparedImage
from tests import pictures, tiffs
from tests.fakes import fixed_sizes

SCENE = np.asarray(pictures.scene())
GREY = np.array(pictures.scene().convert("L"))
GREY[:10, 100:] = 255  # uses the whole range: a dark picture would be brightened
TWIN = Image.fromarray(GREY)
WHOLE = fixed_sizes(lambda width, height: (width, height))
CLEAR = np.full(GREY.shape, 255, np.uint8)


def prepared(data: bytes) -> PreparedImage:
    return prepare(data, WHOLE, Limits())


def shown(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(prepared(data).jpeg))
    image.load()
    return image


def apart(one: Image.Image, other: Image.Image) -> float:
    """The mean difference of two pictures, in levels."""
    pair = [np.asarray(image.convert("RGB").resize((64, 48)), dtype=float) for image in (one, other)]
    return float(np.abs(pair[0] - pair[1]).mean())


def wide(samples: np.ndarray) -> np.ndarray:
    return samples.astype(np.uint16) * 257


KINDS: dict[str, Callable[[], bytes]] = {
    **{f"16 bits, {order}": partial(tiffs.written, wide(SCENE), order=order) for order in "<>"},
    **{f"planes of 16 bits, {order}": partial(tiffs.planes, wide(SCENE), order) for order in "<>"},
    **{
        f"16 bits by {how}": partial(tiffs.by_vips, "ushort", compression=how, predictor="horizontal")
        for how in ("lzw", "deflate")
    },
    "floats": lambda: tiffs.written((SCENE / 255).astype(np.float32)),
    "floats, big-endian": lambda: tiffs.written((SCENE / 255).astype(np.float32), order=">"),
    "planes of floats": lambda: tiffs.planes((SCENE / 255).astype(np.float32)),
    "BigTIFF": lambda: tiffs.written(SCENE, big=True),
    "BigTIFF, big-endian": lambda: tiffs.written(SCENE, big=True, order=">"),
    "CMYK and a channel": lambda: tiffs.written(np.dstack([255 - SCENE, 0 * CLEAR, CLEAR]), t262=5, t338=0),
    "a channel beside RGB": lambda: tiffs.written(np.dstack([SCENE, 0 * CLEAR]), t338=0),
    "alpha beside RGB": lambda: tiffs.written(np.dstack([SCENE, CLEAR]), t338=2),
    "tiles": lambda: tiffs.by_vips(tile=True, tile_width=64, tile_height=64, compression="deflate"),
    "a pyramid of pages": lambda: tiffs.by_vips(tile=True, pyramid=True, tile_width=32, tile_height=32),
    "a pyramid below": lambda: tiffs.by_vips(tile=True, pyramid=True, subifd=True, tile_width=32, tile_height=32),
    "JPEG inside": lambda: tiffs.by_vips(compression="jpeg", Q=95),
    "WebP inside": lambda: tiffs.by_vips(compression="webp", lossless=True),
    "Zstandard": lambda: pictures.saved(pictures.scene(), "TIFF", compression="zstd"),
    "LZMA": lambda: pictures.saved(pictures.scene(), "TIFF", compression="lzma"),
    "JPEG 2000": lambda: pictures.saved(pictures.scene(), "JPEG2000"),
}


@pytest.mark.parametrize("name", KINDS)
def test_a_sound_file_is_shown_as_what_it_is(name: str) -> None:
    assert apart(shown(KINDS[name]()), pictures.scene()) < 4


GREYS: dict[str, Callable[[], bytes]] = {
    **{f"16 bits, {order}": partial(tiffs.written, wide(GREY), order=order) for order in "<>"},
    "white is zero": lambda: tiffs.written(65535 - wide(GREY), t262=0),
    "alpha": lambda: tiffs.written(np.dstack([wide(GREY), wide(CLEAR)]), t262=1, t338=1),
    "32 bits": lambda: tiffs.written(GREY.astype(np.float32) / 255),
}


@pytest.mark.parametrize("name", GREYS)
def test_a_sound_grey_file_is_shown_as_what_it_is(name: str) -> None:
    assert apart(shown(GREYS[name]()), TWIN) < 4


REFUSED = [
    (tiffs.written(SCENE, t259=34887), "the compression LERC"),
    (tiffs.written(SCENE, t259=50002), "the compression JPEG XL"),
    (tiffs.written(SCENE, t259=61234), "number 61234"),
    (tiffs.written((SCENE / 255).astype(np.float64)), "samples of 64 bits"),
    (tiffs.planes((SCENE / 255).astype(np.float16)), "planes of 16-bit floats"),
    (tiffs.written(SCENE, t262=6), "YCbCr colours"),
    (tiffs.written(SCENE, t258=(10, 10, 10)), "samples of 10 bits"),
]


@pytest.mark.parametrize(("data", "says"), REFUSED)
def test_what_no_reader_gets_right_is_unsupported_by_name(data: bytes, says: str) -> None:
    with pytest.raises(Unsupported, match=says):
        prepared(data)


def test_places_without_data_are_clear_and_do_not_decide_the_range() -> None:
    heights = np.linspace(100, 2000, GREY.size, dtype=np.float32).reshape(GREY.shape)
    heights[:20, :30] = -9999
    image = prepared(tiffs.written(heights))
    assert any("places without data" in note for note in image.notes)
    shown_as = next(note.split() for note in image.notes if note.startswith("values "))
    assert float(shown_as[1]) == 0
    assert 1900 < float(shown_as[3]) <= 2000


def test_nan_does_not_blacken_the_rest() -> None:
    values = GREY.astype(np.float32) / 255
    values[:10, :10] = np.nan
    image = shown(tiffs.written(values))
    assert apart(image.crop((20, 20, 160, 120)), TWIN.crop((20, 20, 160, 120))) < 4


def test_a_page_that_calls_itself_a_copy_is_not_the_picture() -> None:
    small = pictures.scene().resize((16, 12))
    pages = pictures.saved(small, "TIFF", save_all=True, append_images=[pictures.scene()])
    assert prepared(pages).width == 160


def test_camera_raw_is_shown_by_its_preview() -> None:
    preview = pictures.jpeg(800, 600)
    sensor = tiffs.written(wide(GREY), t262=32803, t274=6)
    image = prepared(sensor + preview)
    assert image.header and (image.header.format, image.header.width, image.header.height) == ("RAW", 600, 800)
    assert image.notes[0] == "the camera's preview of 600x800"


def test_camera_raw_without_a_preview_is_unsupported_by_name() -> None:
    with pytest.raises(Unsupported, match="camera raw file without a preview"):
        prepared(tiffs.written(wide(GREY), t262=32803) + pictures.jpeg(160, 120))


def chunk(kind: bytes, body: bytes, *, crc: int | None = None) -> bytes:
    import zlib

    return (
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body) if crc is None else crc)
    )


@pytest.mark.parametrize(
    "extra",
    [
        chunk(b"tEXt", b"Comment\0x", crc=1),
        chunk(b"pHYs", b"\0"),
        chunk(b"tIME", b"\0"),
        chunk(b"abCd", b"x", crc=7),
        chunk(b"iCCP", b"x\0\x09junk"),
        chunk(b"gAMA", b"\0"),
    ],
)
def test_a_fault_in_what_says_nothing_of_its_pixels_does_not_lose_a_png(extra: bytes) -> None:
    data = pictures.saved(pictures.scene(), "PNG")
    assert apart(shown(data[:33] + extra + data[33:]), pictures.scene()) < 4


@pytest.mark.parametrize("segment", [b"\xff\xe0\0\4JF", b"\xff\xed\0\3x", b"\xff\xee\0\7Adobe", b"\xff\xfe\0\4hi"])
def test_a_short_segment_does_not_lose_a_jpeg(segment: bytes) -> None:
    data = pictures.jpeg()
    assert apart(shown(data[:2] + segment + data[2:]), pictures.scene()) < 6


def test_fill_bytes_cost_nothing() -> None:
    assert apart(shown(b"\xff\xd8" + b"\xff" * 10_000_000 + pictures.jpeg()[2:]), pictures.scene()) < 6


@pytest.mark.parametrize("bits", ["L;1", "L;4", "L", "I;16"])
def test_a_transparent_grey_is_transparent_at_every_depth(bits: str) -> None:
    image = Image.new("L", (80, 60), 255 if bits == "L;1" else 200)
    image.paste(0, (20, 20, 60, 40))
    depth = {"L;1": 1, "L;4": 4, "L": 8, "I;16": 16}[bits]
    key = (2**depth - 1) if bits == "L;1" else round(200 * (2**depth - 1) / 255)
    rows = np.asarray(image, dtype=np.uint32) * (2**depth - 1) // 255
    rows[rows != 0] = key
    packed = rows.astype(">u2").tobytes() if depth == 16 else _packed(rows, depth)
    step = len(packed) // 60
    import zlib

    pixels = zlib.compress(b"".join(b"\0" + packed[at : at + step] for at in range(0, len(packed), step)))
    head = struct.pack(">IIBBBBB", 80, 60, depth, 0, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"tRNS", struct.pack(">H", key))
    result = prepared(data + chunk(b"IDAT", pixels) + chunk(b"IEND", b""))
    assert "transparency on white" in result.notes


def _packed(rows: np.ndarray, depth: int) -> bytes:
    bits = ((rows[..., None] >> np.arange(depth - 1, -1, -1)) & 1).astype(np.uint8)
    return np.packbits(bits.reshape(rows.shape[0], -1), axis=1).tobytes()


def test_white_on_transparency_gets_a_background_that_shows_it() -> None:
    image = Image.new("RGBA", (80, 60))
    image.paste((255, 255, 255, 255), (20, 20, 60, 24))
    result = prepared(pictures.saved(image, "PNG"))
    assert "transparency on black" in result.notes


def test_a_blank_first_frame_gives_way_to_the_first_that_is_not() -> None:
    frames = [Image.new("RGB", (160, 120), "white"), Image.new("RGB", (160, 120), "white"), pictures.scene()]
    for form in ("GIF", "WEBP"):
        data = pictures.saved(frames[0], form, save_all=True, append_images=frames[1:], minimize_size=False)
        result = prepared(data)
        assert result.notes[0].endswith("frames, as those before are blank")
        assert not result.blank


def test_an_avif_is_cropped_as_its_author_did() -> None:
    crop = struct.pack(">8i", 80, 1, 60, 1, -40, 1, -30, 1)
    box = struct.pack(">I", 8 + len(crop)) + b"clap" + crop
    item = boxes.Item(1, (boxes.Box(b"clap", 8, len(box)),))
    assert boxes.crop(box, item, (160, 120)) == (0, 0, 80, 60)
    assert boxes.crop(box, item, (40, 30)) is None
    assert boxes.crop(box, boxes.Item(1, ()), (160, 120)) is None


def test_a_heic_whose_header_has_another_size_is_read() -> None:
    data = pictures.saved(pictures.scene(), "HEIF")
    size = struct.pack(">II", 160, 120)
    assert data.count(size) == 1
    wrong = data.replace(size, struct.pack(">II", 160, 118))
    with pytest.raises(ValueError, match="size signaled"):
        pillow_heif.open_heif(BytesIO(wrong))[0].load()
    assert apart(shown(wrong), pictures.scene()) < 6


def test_hdr_is_shown_in_the_range_of_a_screen() -> None:
    """PQ's signal of diffuse white, 0.58, is white, not the grey that it would be as sRGB."""
    image = Image.new("RGB", (64, 64), (148, 148, 148))
    data = pictures.saved(image, "PNG")
    result = prepared(data[:33] + chunk(b"cICP", bytes([9, 16, 0, 1])) + data[33:])
    assert any("HDR" in note for note in result.notes)
    with Image.open(BytesIO(result.jpeg)) as seen:
        assert np.asarray(seen).mean() > 215


def test_gamma_is_followed() -> None:
    data = pictures.saved(Image.new("RGB", (64, 64), (64, 64, 64)), "PNG")
    seen = shown(data[:33] + chunk(b"gAMA", struct.pack(">I", 100_000)) + data[33:])
    assert np.asarray(seen).mean() == pytest.approx(137, abs=4)  # a quarter of the light


@pytest.mark.parametrize("form", ["PNG", "WEBP", "TIFF"])
def test_half_a_file_is_corrupt(form: str) -> None:
    noise = Image.effect_noise((320, 240), 80).convert("RGB")
    data = pictures.saved(noise, form)
    with pytest.raises(Corrupt):
        prepared(data[: len(data) // 2])


def test_what_earlier_pictures_left_in_the_buffer_of_errors_is_cleared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where that is no UTF-8, pyvips fails at each later call, whatever it is."""
    cleared = []
    actual = pyvips.vips_lib

    class Counting:
        def __getattr__(self, name: str) -> object:
            if name == "vips_error_clear":
                cleared.append(name)
            return getattr(actual, name)

    monkeypatch.setattr(pyvips, "vips_lib", Counting())
    assert apart(shown(pictures.saved(pictures.scene(), "PNG")), pictures.scene()) < 6
    assert cleared
