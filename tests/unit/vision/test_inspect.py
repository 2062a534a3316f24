"""Headers are read for what they are, and what is not read is refused with a sentence that helps."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from describer.domain.errors import Corrupt, TooLarge, Unsupported
from describer.vision.imaging import jpeg
from describer.vision.imaging.by_pillow import MAX_FRAMES, jpeg_bytes_per_pixel
from describer.vision.imaging.formats import HEIF, JPEG, PNG, Format
from describer.vision.imaging.render import opened
from describer.vision.imaging.values import Header, Limits
from tests import pictures

LIMITS = Limits()


def inspect(data: bytes, limits: Limits) -> Header:
    return opened(data, limits).header


@pytest.mark.parametrize("name", pictures.EVERY_KIND)
def test_every_kind_is_recognised_by_its_bytes(name: str) -> None:
    form, data = pictures.EVERY_KIND[name]
    header = inspect(data, LIMITS)
    assert (header.format, header.width, header.height) == (form, pictures.WIDTH, pictures.HEIGHT)
    assert header.media_type.startswith("image/")


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_the_size_is_that_of_the_upright_picture(form: str, orientation: int) -> None:
    header = inspect(pictures.turned(form, orientation), LIMITS)
    assert (header.width, header.height) == (pictures.WIDTH, pictures.HEIGHT)


@pytest.mark.parametrize(
    ("form", "frames"), [("GIF", 3), ("PNG", 3), ("WEBP", 3), ("TIFF", 3), ("AVIF", 3), ("MPO", 3)]
)
def test_frames_and_pages_and_a_phones_further_pictures_are_counted(form: str, frames: int) -> None:
    assert inspect(pictures.moving(form), LIMITS).frames == frames


@pytest.mark.parametrize("form", ["TIFF", "GIF"])
def test_pages_and_frames_are_counted_to_a_thousand(form: str) -> None:
    pages = [Image.new("1", (8, 8), n % 2) for n in range(MAX_FRAMES + 9)]
    many = pictures.saved(pages[0], form, save_all=True, append_images=pages[1:])
    assert inspect(many, LIMITS).frames == MAX_FRAMES


def test_a_header_is_read_without_the_pixels() -> None:
    assert inspect(pictures.png_claiming(4000, 3000), LIMITS) == Header("PNG", "image/png", 4000, 3000)


def test_a_blob_without_bytes_is_corrupt() -> None:
    with pytest.raises(Corrupt, match=r"^The picture has no bytes\. Use a whole copy\.$"):
        inspect(b"", LIMITS)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "SVG.*Export it as PNG"),
        (b"\n <SVG>", "SVG"),
        (b"%PDF-1.7", "PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "PostScript"),
        (b"\xc5\xd0\xd3\xc6 EPS with a preview", "EPS"),
        (b"8BPS\0\1", "Photoshop"),
        (b"\0\0\1\0\1\0", "icon"),
        (b"PK\3\4", "Office"),
        (b"<!DOCTYPE html><p>404", "web page"),
        (b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41", "a film"),
        (b"BMW is a maker of cars", "This is text"),
        (b"RIFF\0\0\0\0WAVE", "a sound recording"),
        (b"x", "not in a supported picture format"),
    ],
)
def test_other_files_are_unsupported_with_a_sentence_that_helps(data: bytes, says: str) -> None:
    with pytest.raises(Unsupported, match=f"(?s){says}"):
        inspect(data, LIMITS)


@pytest.mark.parametrize("name", pictures.EVERY_KIND)
def test_a_picture_that_ends_in_its_header_is_corrupt(name: str) -> None:
    form, data = pictures.EVERY_KIND[name]
    with pytest.raises(Corrupt, match=f"^The {form} data is damaged\\. Use an undamaged copy\\.$"):
        inspect(data[:18], LIMITS)


@pytest.mark.parametrize(
    ("form", "side"),
    [*((form, 60_000) for form in ("PNG", "JPEG", "GIF", "BMP")), *((form, 16_000) for form in ("GIF", "BMP", "WEBP"))],
)
def test_bombs_are_refused_by_their_header(form: str, side: int) -> None:
    """PNG and plain JPEG are decoded row by row, so that their pixels cost time before they cost memory."""
    with pytest.raises(TooLarge, match=r"^Decoding .*Use a smaller copy"):
        inspect(pictures.BOMBS[form](side, side), Limits(decode_memory=600 * 2**20))


def test_a_jpeg_that_comes_in_one_scan_may_be_larger() -> None:
    """libjpeg shrinks it while it decodes; one in several scans, progressive or not, it holds whole."""
    limits = Limits(decode_memory=pictures.WIDTH * pictures.HEIGHT * 2)
    for data in (pictures.jpeg(), pictures.secretive("JPEG"), pictures.EVERY_KIND["jpeg, cmyk"][1]):
        inspect(data, limits)
    for data in (pictures.jpeg(progressive=True), pictures.jpeg_of_scans(pictures.WIDTH, pictures.HEIGHT)):
        with pytest.raises(TooLarge):
            inspect(data, limits)


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (pictures.jpeg(), True),
        (pictures.jpeg().replace(b"\xff\xdb", b"\xff\xff\xff\xdb", 1), True),  # fill bytes before a marker
        (pictures.jpeg_of_scans(16, 16), False),
        (pictures.jpeg(progressive=True), False),
        (pictures.jpeg()[:40], False),
        (b"\xff\xd8\xff", False),
        (b"\xff\xd8\xff\xe0\0\0" * 9, False),
    ],
)
def test_one_scan_is_distinguished_from_several(data: bytes, answer: bool) -> None:
    assert jpeg.read(data).one_scan is answer


@pytest.mark.parametrize(
    ("options", "samples"),
    [({}, 1.5), ({"subsampling": "4:2:2"}, 2), ({"subsampling": "4:4:4"}, 3)],
    ids=["4:2:0", "4:2:2", "4:4:4"],
)
def test_a_progressive_jpeg_is_counted_by_the_samples_that_are_held(options: dict[str, Any], samples: float) -> None:
    head = jpeg.read(pictures.jpeg(progressive=True, **options))
    assert head.samples == samples
    assert 2 * samples < jpeg_bytes_per_pixel(head) < 3 * samples
    assert jpeg_bytes_per_pixel(jpeg.read(pictures.jpeg(**options))) == 1


def test_a_cmyk_jpeg_has_four_samples_a_pixel() -> None:
    assert jpeg.read(pictures.EVERY_KIND["jpeg, cmyk"][1]).samples == 4


@pytest.mark.parametrize("form", [JPEG, PNG, HEIF])
def test_a_phones_48_megapixels_fit_the_default_limits(form: Format) -> None:
    assert 8064 * 6048 * form.bytes_per_pixel <= LIMITS.decode_memory


def test_a_file_over_the_limit_of_bytes_is_too_large() -> None:
    with pytest.raises(TooLarge, match=r"has 2\.0 MiB, over the limit of 1\.0"):
        inspect(b"\xff\xd8\xff" + bytes(2 * 2**20), Limits(max_bytes=2**20))


@pytest.mark.parametrize(
    ("package", "without", "says"),
    [("pillow_heif", "heic", "pillow-heif is missing"), ("pillow_jxl", "jpeg xl", "JPEG XL picture")],
)
def test_without_an_optional_reader_its_format_is_refused_by_name_and_all_else_is_read(
    tmp_path: Path, package: str, without: str, says: str
) -> None:
    files = [tmp_path / "picture", tmp_path / "picture.avif"]
    for file, kind in zip(files, (without, "avif"), strict=True):
        file.write_bytes(pictures.EVERY_KIND[kind][1])
    program = (
        f"import sys; sys.modules['{package}'] = None\n"
        "from pathlib import Path\n"
        "from describer.domain.errors import Unsupported\n"
        "from describer.vision.imaging.render import opened\n"
        "from describer.vision.imaging.values import Limits\n"
        "for path in sys.argv[1:]:\n"
        "    try: print(opened(Path(path).read_bytes(), Limits()).header.format)\n"
        "    except Unsupported as error: print(error)\n"
    )
    command = [sys.executable, "-c", program, *map(str, files)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    refusal, form = run.stdout.splitlines()
    assert says in refusal
    assert form == "AVIF"
