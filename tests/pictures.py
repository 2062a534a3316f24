"""Real pictures of every kind, made by Pillow on the spot: small, and each with a red corner to tell which way is up.

`scene` is 160x120: a red square of a quarter of each side in the upper left corner, green to the right, blue below.
"""

import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from typing import Any, Final

import numpy as np
import pillow_heif
import pillow_jxl  # noqa: F401 - so that Pillow writes it
from PIL import Image, ImageCms
from PIL.ExifTags import Base
from PIL.PngImagePlugin import PngInfo

from tests.sequences import sequence

pillow_heif.register_heif_opener()  # so that Pillow writes it

WIDTH, HEIGHT = 160, 120
RED, GREEN, BLUE, WHITE = (220, 20, 20), (20, 160, 20), (20, 20, 220), (255, 255, 255)
SECRETS: Final = (b"Ada Lovelace", b"GPSLatitude-marker", b"taken at home")
"""Private metadata of these pictures."""


def scene(width: int = WIDTH, height: int = HEIGHT) -> Image.Image:
    image = Image.new("RGB", (width, height), BLUE)
    image.paste(GREEN, (width // 4, 0, width, height // 2))
    image.paste(RED, (0, 0, width // 4, height // 4))
    return image


def saved(image: Image.Image, form: str, **options: Any) -> bytes:
    out = BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def exif(orientation: int = 1) -> Image.Exif:
    tags = Image.Exif()
    tags[Base.Orientation] = orientation
    tags[Base.Artist] = SECRETS[0].decode()
    tags.get_ifd(0x8825)[29] = SECRETS[1].decode()
    return tags


def stored_turned(orientation: int) -> Image.Image:
    """The scene as a camera stores it that says `orientation`: shown upright it is the scene again."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    return scene().transpose(undo[orientation]) if orientation in undo else scene()


def jpeg(width: int = WIDTH, height: int = HEIGHT, **options: Any) -> bytes:
    return saved(scene(width, height), "JPEG", quality=90, **options)


def turned(form: str, orientation: int) -> bytes:
    return saved(stored_turned(orientation), form, exif=exif(orientation).tobytes())


def srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def secretive(form: str) -> bytes:
    """With an author, a place, a comment and a colour profile."""
    text = PngInfo()
    text.add_itxt("Comment", SECRETS[2].decode())
    more: dict[str, dict[str, Any]] = {
        "PNG": {"pnginfo": text},
        "JPEG": {"comment": SECRETS[2]},
        "GIF": {"comment": SECRETS[2]},
    }
    return saved(scene(), form, exif=exif(), icc_profile=srgb_profile(), **more.get(form, {}))


def sixteen_bit(form: str, white: int = 65535) -> bytes:
    """A grey ramp from black at the left to `white` at the right."""
    ramp = np.tile(np.linspace(0, white, WIDTH).astype(np.uint16), (HEIGHT, 1))
    return saved(Image.fromarray(ramp), form)


def floats() -> bytes:
    """A grey ramp from 0.0 to 1.0."""
    return saved(Image.fromarray(np.tile(np.linspace(0, 1, WIDTH).astype(np.float32), (HEIGHT, 1))), "TIFF")


def glass() -> Image.Image:
    """The scene with its lower half clear, over black that must stay invisible."""
    image = scene().convert("RGBA")
    image.paste((0, 0, 0, 0), (0, HEIGHT // 2, WIDTH, HEIGHT))
    return image


def palette_with_transparency(form: str) -> bytes:
    """The scene in a palette of four, whose last, a black, is clear and fills the lower half."""
    image = Image.new("P", (WIDTH, HEIGHT), 2)
    image.putpalette([*RED, *GREEN, *BLUE, 0, 0, 0])
    image.paste(1, (WIDTH // 4, 0, WIDTH, HEIGHT // 2))
    image.paste(0, (0, 0, WIDTH // 4, HEIGHT // 4))
    image.paste(3, (0, HEIGHT // 2, WIDTH, HEIGHT))
    return saved(image, form, transparency=3)


def moving(form: str, frames: int = 3) -> bytes:
    """The scene first, then pictures in one colour."""
    rest = [Image.new("RGB", (WIDTH, HEIGHT), (10 * n, 0, 0)) for n in range(1, frames)]
    return saved(scene(), form, save_all=True, append_images=rest)


def wide_gamut() -> bytes:
    """Pure green of a profile whose red and green are swapped: in sRGB it is red."""
    swapped = bytearray(srgb_profile())
    red, green = swapped.index(b"rXYZ"), swapped.index(b"gXYZ")
    swapped[red : red + 4], swapped[green : green + 4] = b"gXYZ", b"rXYZ"
    return saved(Image.new("RGB", (WIDTH, HEIGHT), (0, 255, 0)), "PNG", icc_profile=bytes(swapped))


def png_claiming(width: int, height: int) -> bytes:
    """A PNG of 60 bytes that ends after a header with these sides."""
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in (
            (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
            (b"IDAT", zlib.compress(b"\0")),
            (b"IEND", b""),
        )
    )


def jpeg_claiming(width: int, height: int) -> bytes:
    """A small JPEG whose frame header has these sides."""
    data = bytearray(jpeg())
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def jpeg_of_scans(width: int, height: int) -> bytes:
    """The same with a scan for each component, which its decoder must hold whole."""
    data = bytearray(jpeg_claiming(width, height))
    data[data.index(b"\xff\xda") + 4] = 1
    return bytes(data)


def gif_claiming(width: int, height: int) -> bytes:
    data = bytearray(saved(scene(), "GIF"))
    data[6:10] = struct.pack("<HH", width, height)
    return bytes(data)


def bmp_claiming(width: int, height: int) -> bytes:
    data = bytearray(saved(scene(), "BMP"))
    data[18:26] = struct.pack("<ii", width, height)
    return bytes(data)


def webp_claiming(width: int, height: int) -> bytes:
    data = bytearray(moving("WEBP"))
    data[24:30] = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return bytes(data)


BOMBS: Final[dict[str, Callable[[int, int], bytes]]] = {
    "PNG": png_claiming,
    "JPEG": jpeg_claiming,
    "GIF": gif_claiming,
    "BMP": bmp_claiming,
    "WEBP": webp_claiming,
}

EVERY_KIND: Final[dict[str, tuple[str, bytes]]] = {
    "jpeg": ("JPEG", jpeg()),
    "jpeg, progressive": ("JPEG", jpeg(progressive=True)),
    "jpeg, grey": ("JPEG", saved(scene().convert("L"), "JPEG")),
    "jpeg, cmyk": ("JPEG", saved(scene().convert("CMYK"), "JPEG")),
    "jpeg with exif": ("JPEG", secretive("JPEG")),
    "jpeg of several, as phones write it": ("JPEG", moving("MPO")),
    "png": ("PNG", saved(scene(), "PNG")),
    "png, clear": ("PNG", saved(glass(), "PNG")),
    "png, grey and clear": ("PNG", saved(glass().convert("LA"), "PNG")),
    "png, palette": ("PNG", palette_with_transparency("PNG")),
    "png, black and white": ("PNG", saved(scene().convert("1"), "PNG")),
    "png, 16 bit": ("PNG", sixteen_bit("PNG")),
    "png, moving": ("PNG", moving("PNG")),
    "gif": ("GIF", palette_with_transparency("GIF")),
    "gif, moving": ("GIF", moving("GIF")),
    "webp": ("WEBP", saved(scene(), "WEBP")),
    "webp, lossless and clear": ("WEBP", saved(glass(), "WEBP", lossless=True)),
    "webp, moving": ("WEBP", moving("WEBP")),
    "bmp": ("BMP", saved(scene(), "BMP")),
    "tiff": ("TIFF", saved(scene(), "TIFF")),
    "tiff, packed": ("TIFF", saved(scene(), "TIFF", compression="tiff_lzw")),
    "tiff, jpeg inside": ("TIFF", saved(scene(), "TIFF", compression="jpeg")),
    "tiff, cmyk": ("TIFF", saved(scene().convert("CMYK"), "TIFF")),
    "tiff, lab": ("TIFF", saved(scene().convert("LAB"), "TIFF")),
    "tiff, 16 bit": ("TIFF", sixteen_bit("TIFF")),
    "tiff, floats": ("TIFF", floats()),
    "tiff, pages": ("TIFF", moving("TIFF")),
    "heic": ("HEIF", saved(scene(), "HEIF")),
    "heic, a sequence": ("HEIF", sequence(saved(scene(), "HEIF"), WIDTH, HEIGHT)),
    "heic, clear": ("HEIF", saved(glass(), "HEIF")),
    "jpeg xl": ("JPEGXL", saved(scene(), "JXL")),
    "jpeg xl, clear": ("JPEGXL", saved(glass(), "JXL", lossless=True)),
    "avif": ("AVIF", saved(scene(), "AVIF")),
    "avif, clear": ("AVIF", saved(glass(), "AVIF")),
}
"""Name: the format that `inspect` should find, and the file."""


def size(data: bytes) -> tuple[int, int]:
    """Width and height in pixels."""
    with Image.open(BytesIO(data)) as image:
        return image.size
