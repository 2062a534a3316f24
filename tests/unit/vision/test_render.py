"""Whatever comes in, what the model is shown is upright, in true colours, small, and says nothing of its owner."""

import random
from io import BytesIO
from itertools import product

import pytest
from PIL import Image

from describer.domain.errors import Corrupt, ImageRejected, Unsupported
from describer.vision.imaging.render import prepare
from describer.vision.imaging.values import Limits, PreparedImage
from tests import pictures
from tests.fakes import fixed_sizes
from tests.pictures import BLUE, GREEN, HEIGHT, RED, WHITE, WIDTH

LIMITS = Limits()
Colour = tuple[int, int, int]


def whole(width: int, height: int) -> tuple[int, int]:
    return width, height


def half(width: int, height: int) -> tuple[int, int]:
    return max(1, width // 2), max(1, height // 2)


def shown(data: bytes) -> Image.Image:
    """What a viewer of the prepared picture sees."""
    image = Image.open(BytesIO(prepare(data, fixed_sizes(half), LIMITS).jpeg))
    image.load()
    return image


def near(image: Image.Image, x: float, y: float, colour: Colour, tolerance: int = 30) -> bool:
    """Whether the pixel at these shares of the sides has about this colour."""
    pixel = image.convert("RGB").getpixel((int(x * image.width), int(y * image.height)))
    assert isinstance(pixel, tuple)
    return all(abs(is_ - wanted) <= tolerance for is_, wanted in zip(pixel, colour, strict=True))


def is_scene(image: Image.Image, below: Colour = BLUE) -> bool:
    return near(image, 0.1, 0.1, RED) and near(image, 0.9, 0.1, GREEN) and near(image, 0.1, 0.9, below)


IN_COLOUR = [name for name in pictures.EVERY_KIND if not any(word in name for word in ("grey", "16", "float", "black"))]


@pytest.mark.parametrize("name", IN_COLOUR)
def test_every_kind_shows_the_scene_with_white_for_clear(name: str) -> None:
    _, data = pictures.EVERY_KIND[name]
    clear = any(word in name for word in ("clear", "palette")) or name == "gif"
    assert is_scene(shown(data), WHITE if clear else BLUE)


@pytest.mark.parametrize("name", pictures.EVERY_KIND)
def test_every_kind_becomes_an_rgb_jpeg_of_the_size_asked_for(name: str) -> None:
    prepared = prepare(pictures.EVERY_KIND[name][1], fixed_sizes(lambda _width, _height: (96, 72)), LIMITS)
    with Image.open(BytesIO(prepared.jpeg)) as image:
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (96, 72))
    assert (prepared.width, prepared.height) == (96, 72)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_the_red_corner_is_where_the_photographer_saw_it(form: str, orientation: int) -> None:
    image = shown(pictures.turned(form, orientation))
    assert image.size == (WIDTH // 2, HEIGHT // 2)
    assert is_scene(image)


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_a_turned_heic_is_turned_once(orientation: int) -> None:
    """HEIF turns by a box of its own, and what EXIF says beside it is only a copy (Pillow writes bytes as both)."""
    assert is_scene(shown(pictures.turned("HEIF", orientation)))
    assert is_scene(shown(pictures.saved(pictures.scene(), "HEIF", exif=pictures.exif(orientation))))


def test_orientations_that_do_not_exist_are_passed_over() -> None:
    assert is_scene(shown(pictures.jpeg(exif=pictures.exif(orientation=99))))


@pytest.mark.filterwarnings("ignore:Corrupt EXIF:UserWarning")  # Pillow tells, and goes on
@pytest.mark.parametrize(
    "block", [b"Exif\0\0rubbish", b"Exif\0\0II*\0\xff\xff\xff\x7f", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff"]
)
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_broken_exif_block_does_not_lose_the_picture(form: str, block: bytes) -> None:
    assert is_scene(shown(pictures.saved(pictures.scene(), form, exif=block)))


def test_a_broken_index_of_further_pictures_does_not_lose_the_first() -> None:
    data = bytearray(pictures.moving("MPO"))
    index = data.index(b"MPF\0") + 12
    data[index : index + 60] = b"\xff" * 60
    assert is_scene(shown(bytes(data)))


@pytest.mark.parametrize(
    "data",
    [
        pictures.sixteen_bit("PNG"),
        pictures.sixteen_bit("TIFF"),
        pictures.sixteen_bit("PNG", white=4095),
        pictures.sixteen_bit("TIFF", white=1023),
        pictures.floats(),
    ],
    ids=["png 16", "tiff 16", "12 of 16", "10 of 16", "floats"],
)
def test_more_than_eight_bits_stay_a_ramp_from_black_to_white(data: bytes) -> None:
    image = shown(data)
    assert near(image, 0.01, 0.5, (0, 0, 0), 8)
    assert near(image, 0.5, 0.5, (128, 128, 128), 8)
    assert near(image, 0.99, 0.5, WHITE, 8)


def test_a_palette_is_smoothed_when_it_is_shrunk() -> None:
    """Resized as it is, a black and white grid would be black or white; smoothed it is grey."""
    grid = Image.new("1", (WIDTH, HEIGHT))
    grid.putdata([255 * ((x + y) % 2) for y in range(HEIGHT) for x in range(WIDTH)])
    for image in (grid, grid.convert("P")):
        assert near(shown(pictures.saved(image, "PNG")), 0.5, 0.5, (128, 128, 128), 20)


def test_colours_follow_the_embedded_profile() -> None:
    assert near(shown(pictures.wide_gamut()), 0.5, 0.5, (255, 0, 0), 5)


@pytest.mark.parametrize("profile", [b"rubbish", b"\0" * 128, None], ids=["rubbish", "zeros", "of a grey picture"])
def test_a_profile_that_does_not_fit_is_passed_over(profile: bytes | None) -> None:
    grey = pictures.saved(pictures.scene().convert("L"), "PNG", icc_profile=profile or pictures.srgb_profile())
    assert near(shown(grey), 0.1, 0.1, (80, 80, 80), 10)
    assert is_scene(shown(pictures.jpeg(icc_profile=profile)))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "GIF"])
def test_no_metadata_leaves(form: str) -> None:
    data = pictures.secretive(form)
    jpeg = prepare(data, fixed_sizes(whole), LIMITS).jpeg
    assert any(secret in data for secret in pictures.SECRETS)
    assert not any(secret in jpeg for secret in pictures.SECRETS)
    with Image.open(BytesIO(jpeg)) as image:
        assert not image.getexif()
        assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


@pytest.mark.parametrize(
    ("name", "notes"),
    [
        ("jpeg", ()),
        ("jpeg of several, as phones write it", ("first of 3 pictures",)),
        ("webp", ()),
        ("gif, moving", ("first of 3 frames",)),
        ("tiff, pages", ("first of 3 pages",)),
        ("heic, a sequence", ("first of 3 pictures",)),
        ("png, clear", ("transparency on white",)),
        ("png, palette", ("transparency on white",)),
        ("png, 16 bit", ()),
    ],
)
def test_notes_say_what_was_left_out(name: str, notes: tuple[str, ...]) -> None:
    assert prepare(pictures.EVERY_KIND[name][1], fixed_sizes(whole), LIMITS).notes == notes


def test_an_alpha_channel_without_a_clear_pixel_is_no_transparency() -> None:
    assert prepare(pictures.saved(pictures.scene().convert("RGBA"), "PNG"), fixed_sizes(whole), LIMITS).notes == ()


def test_both_notes_together() -> None:
    glass, other = pictures.glass(), Image.new("RGBA", (WIDTH, HEIGHT), "blue")
    moving = pictures.saved(glass, "PNG", save_all=True, append_images=[other])
    assert prepare(moving, fixed_sizes(whole), LIMITS).notes == ("first of 2 frames", "transparency on white")


@pytest.mark.parametrize(("form", "chroma"), [("PNG", (1, 1)), ("GIF", (1, 1)), ("JPEG", (2, 2)), ("WEBP", (2, 2))])
def test_graphics_keep_their_chroma_and_photographs_do_not(form: str, chroma: tuple[int, int]) -> None:
    jpeg = prepare(pictures.saved(pictures.scene(), form), fixed_sizes(whole), LIMITS).jpeg
    at = jpeg.index(b"\xff\xc0") + 11
    assert divmod(jpeg[at], 16) == chroma


def test_a_jpeg_near_the_size_is_left_to_the_codec_and_never_exceeds_it() -> None:
    data = pictures.jpeg(4032, 3024)
    prepared = prepare(data, fixed_sizes(lambda _width, _height: (1024, 768)), LIMITS)
    assert (prepared.width, prepared.height) == (1008, 756)
    prepared = prepare(data, fixed_sizes(lambda _width, _height: (1000, 750)), LIMITS)
    assert (prepared.width, prepared.height) == (1000, 750)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("size", [(1, 1), (3000, 1), (1, 3000), (2, 2)])
def test_points_and_lines_are_pictures_too(form: str, size: tuple[int, int]) -> None:
    data = pictures.saved(Image.new("RGB", size, RED), form)
    prepared = prepare(data, fixed_sizes(half), LIMITS)
    assert (prepared.width, prepared.height) == half(*size)


@pytest.mark.parametrize(
    ("form", "share"),
    [
        *product(["JPEG", "PNG", "WEBP", "TIFF", "BMP", "HEIF", "AVIF"], [0.5, 0.8]),
        *product(["PNG", "WEBP", "TIFF", "BMP", "HEIF", "AVIF"], [0.95]),
    ],
)
def test_a_truncated_picture_is_corrupt(form: str, share: float) -> None:
    noise = Image.effect_noise((WIDTH, HEIGHT), 80).convert("RGB")
    data = pictures.saved(noise, form)
    with pytest.raises(Corrupt, match=f"The {form} data is damaged"):
        prepare(data[: int(share * len(data))], fixed_sizes(half), LIMITS)


def noisy_jpeg(**options: object) -> bytes:
    return pictures.saved(Image.effect_noise((640, 480), 80).convert("RGB"), "JPEG", **options)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"quality": 30}], ids=["plain", "progressive", "small"])
def test_a_jpeg_without_its_end_marker_is_shown_as_it_is(options: dict[str, object]) -> None:
    whole_file = noisy_jpeg(**options)
    cut = prepare(whole_file[:-2], fixed_sizes(half), LIMITS)
    assert cut.notes == ()
    assert cut.jpeg == prepare(whole_file, fixed_sizes(half), LIMITS).jpeg


def test_a_jpeg_whose_last_rows_are_missing_is_shown_and_says_so() -> None:
    data = noisy_jpeg()
    (note,) = prepare(data[: int(0.96 * len(data))], fixed_sizes(half), LIMITS).notes
    assert note in {f"the last {missing}% of the picture are missing" for missing in (4, 5, 6, 7)}


def test_a_picture_that_shows_nothing_of_what_its_header_promises_is_corrupt() -> None:
    with pytest.raises(Corrupt):
        prepare(pictures.png_claiming(400, 300), fixed_sizes(half), LIMITS)


def test_a_later_frame_that_cannot_be_read_does_not_lose_the_first() -> None:
    """Frames are looked through where the first is blank."""
    blank, noise = Image.new("L", (80, 60)), Image.effect_noise((80, 60), 80)
    gif = pictures.saved(blank, "GIF", save_all=True, append_images=[noise])
    image = prepare(gif[: len(gif) // 2], fixed_sizes(whole), LIMITS)
    assert image.notes == ("first of 2 frames", "shows a single colour")


def test_other_files_are_refused_here_too() -> None:
    with pytest.raises(Unsupported):
        prepare(b"%PDF-1.7", fixed_sizes(half), LIMITS)


def test_a_fault_of_the_caller_is_not_the_pictures() -> None:
    def broken(_width: int, _height: int) -> tuple[int, int]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        prepare(pictures.jpeg(), fixed_sizes(broken), LIMITS)


def outcome(data: bytes) -> str:
    """How it ended; any other exception fails the test."""
    try:
        prepared = prepare(data, fixed_sizes(half), Limits(decode_memory=64 * 2**20))
    except ImageRejected as refused:
        return refused.status
    assert isinstance(prepared, PreparedImage)
    return "prepared"


@pytest.mark.parametrize("name", pictures.EVERY_KIND)
def test_cut_anywhere_it_is_prepared_or_refused(name: str) -> None:
    _, data = pictures.EVERY_KIND[name]
    assert outcome(data) == "prepared"
    places = {*range(min(64, len(data))), *range(0, len(data), max(1, len(data) // 40))}
    assert {outcome(data[:place]) for place in places} <= {"prepared", "corrupt", "unsupported", "too_large"}


@pytest.mark.parametrize("name", pictures.EVERY_KIND)
def test_with_bytes_changed_it_is_prepared_or_refused(name: str) -> None:
    _, data = pictures.EVERY_KIND[name]
    dice = random.Random(name)  # noqa: S311 - the same bytes each time
    for _ in range(60):
        changed = bytearray(data)
        for _ in range(dice.choice([1, 1, 4, 16])):
            changed[int(len(data) * dice.random() ** 3)] = dice.randrange(256)  # headers more often than pixels
        assert outcome(bytes(changed)) in {"prepared", "corrupt", "unsupported", "too_large"}
