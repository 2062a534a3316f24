"""Decodes with Pillow: JPEG, GIF, BMP, HEIC, AVIF, JPEG 2000, JPEG XL, raw previews, and TIFF in two compressions."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import BufferedReader, BytesIO
from typing import Final

from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile

from describer.domain.errors import Corrupt, Unsupported
from describer.vision.imaging import boxes, gif, jpeg, jxl, orientation, raw, sequence, tones, vips
from describer.vision.imaging.codec import calling, check_cost, facts
from describer.vision.imaging.colour import Space
from describer.vision.imaging.formats import AVIF, GIF, HEIF, JPEG, JPEG_2000, JPEG_XL, RAW, TIFF, Format
from describer.vision.imaging.opened import Opened
from describer.vision.imaging.orientation import swapped
from describer.vision.imaging.raster import Raster
from describer.vision.imaging.values import Header, Limits

PLAIN_JPEG_BYTES_PER_PIXEL: Final = 1.0
"""JPEGs of one sequential scan are shrunk during decoding; others are held as a whole."""
MAX_FRAMES: Final = 1000
NEAR_ENOUGH: Final = 0.97
"""Share of the wanted size that is close enough: JPEG decodes to 1/1, 1/2, 1/4 and 1/8, so 4032 px come as 1008, and
need no resampling to 1024.
"""
MAX_MISSING: Final = 0.1
"""Maximum share of missing rows at the end of a JPEG; with more it counts as damaged."""
_FILLER: Final = bytes(range(1, 255)) * 256
_END: Final = b"\xff\xd9"
_MIN_SCALE: Final = 0.45
"""Minimum scale for resizing by libvips: a picture that a codec shrank by halves needs no smaller one."""
_BICUBIC: Final = Image.Resampling.BICUBIC


def jpeg_opened(data: bytes, limits: Limits, form: Format = JPEG, turned: int = 0) -> Opened:
    """Read a JPEG's header.

    Args:
        data: the file from its first byte; bytes after its end are ignored.
        limits: limits on its cost.
        form: JPEG, or the raw format that contains it.
        turned: orientation from the surrounding file; 0: none.
    """
    head = jpeg.read(data)
    stored = Header(form.name, form.media_type, head.width, head.height)
    if head.is_lossless or head.precision > 8:
        kind = "by prediction (lossless)" if head.is_lossless else f"with {head.precision} bits"
        raise Unsupported(f"This JPEG is coded {kind}, which is not read. Save it again as PNG or JPEG.", facts(stored))
    with calling(form.name), JpegImageFile(head.plain()) as source:
        number = orientation.by_exif(source)
        size = source.size
    turn = orientation.turn(turned if number == 1 and turned else number)
    header = Header(form.name, form.media_type, *swapped(size, turn), 1 + head.further)
    check_cost(size[0] * size[1] * jpeg_bytes_per_pixel(head), header, limits)

    def decode(wanted: tuple[int, int], frame: int) -> Raster:  # noqa: ARG001 - further pictures are not used
        return _jpeg(head, wanted, header)

    return Opened(form, header, turn, decode, full_chroma=head.full_chroma)


def jpeg_bytes_per_pixel(head: jpeg.Jpeg) -> float:
    """Return the memory for decoding, plus 20 %: two bytes for each coefficient if all of them are held."""
    return PLAIN_JPEG_BYTES_PER_PIXEL if head.one_scan else 1.2 * (2 * head.samples + 0.3)


def largest_preview(data: bytes, turned: int, limits: Limits) -> Opened:
    """Open a camera raw file by its largest preview. Raises Unsupported."""
    found = raw.preview(data)
    opened = jpeg_opened(data[found.start :], limits, RAW, turned)
    note = f"the camera's preview of {opened.header.width}x{opened.header.height}"
    return replace(opened, header=replace(opened.header, frames=1), notes=(note,))


def opened_by_pillow(form: Format, data: bytes, limits: Limits) -> Opened:
    """Read the header of any other format. Raises Corrupt, TooLarge, Unsupported."""
    if form is JPEG_XL:
        width, height = jxl.size(data)  # its plugin decodes all pixels to read the header
        header = Header(form.name, form.media_type, width, height)
        check_cost(width * height * form.bytes_per_pixel, header, limits)
    still = sequence.first_picture(data) if form is HEIF and boxes.is_sequence(data) else None
    data = still.data if still else data
    if form is HEIF:  # older converters wrote wrong sizes, which libheif rejects since 1.22
        data = boxes.with_coded_sizes(data)
    item = boxes.shown(data) if form in {AVIF, HEIF} else None
    with calling(form.name), form.plugin(BytesIO(data)) as source:
        turn = orientation.turn(orientation.by_exif(source))
        size, media_type = source.size, source.custom_mimetype or form.media_type
        frames = still.pictures if still else _frames(form, source, data)
        nclx = source.info.get("nclx_profile")
    crop = boxes.crop(data, item, size) if item and form is AVIF else None  # libheif crops by itself
    cicp = (nclx["color_primaries"], nclx["transfer_characteristics"]) if nclx else item and boxes.cicp(data, item)
    seen = (crop[2] - crop[0], crop[3] - crop[1]) if crop else size
    header = Header(form.name, media_type, *swapped(seen, turn), frames)
    check_cost(size[0] * size[1] * form.bytes_per_pixel, header, limits)

    def decode(wanted: tuple[int, int], frame: int) -> Raster:
        with _loaded(form, data, header, 0 if still else frame, wanted) as source, calling(form.name, header):
            raster = _shrunk(source.crop(crop) if crop else source, wanted)
            space = Space(source.info.get("icc_profile"), cicp or None)
            return replace(raster, space=space)

    return Opened(form, header, turn, decode)


def page_by_pillow(data: bytes, page: int, size: tuple[int, int], header: Header, turned: int) -> Raster:
    """Decode a page of a TIFF as stored, by undoing the plugin's rotation. Raises Corrupt, TooLarge, Unsupported."""
    with calling(TIFF.name, header), TIFF.plugin(BytesIO(data)) as source:
        source.seek(page)
        profile = source.info.get("icc_profile")
        source.load()
    raster = _shrunk(source, swapped(size, orientation.turn(turned)))
    back = orientation.turn({6: 8, 8: 6}.get(turned, turned))
    return replace(raster, pixels=raster.pixels.transpose(back) if back else raster.pixels, space=Space(profile))


def _jpeg(head: jpeg.Jpeg, wanted: tuple[int, int], header: Header) -> Raster:
    notes: tuple[str, ...] = ()
    try:
        with calling(header.format, header):
            source = _drafted(head.plain(), wanted)
    except Corrupt:
        missing = _missing(head, header)
        if missing > MAX_MISSING:
            raise
        notes = (f"the last {missing:.0%} of the picture are missing",) if missing else ()
        with calling(header.format, header):
            source = _drafted(head.plain(_END), wanted)
    return replace(_shrunk(source, wanted, near=True), space=Space(source.info.get("icc_profile")), notes=notes)


def _drafted(plain: BufferedReader, wanted: tuple[int, int]) -> JpegImageFile:
    source = JpegImageFile(plain)
    source.draft("RGB", (max(1, int(wanted[0] * NEAR_ENOUGH)), max(1, int(wanted[1] * NEAR_ENOUGH))))
    source.load()
    return source


def _missing(head: jpeg.Jpeg, header: Header) -> float:
    """Return the share of rows that a truncated JPEG lacks: the rows that depend on what follows its last byte."""
    with calling(header.format, header):
        one, other = (_drafted(head.plain(rest + _END), (1, 1)).convert("L") for rest in (b"", _FILLER))
    changed = Image.frombytes("L", one.size, bytes(map(lambda a, b: a != b, one.tobytes(), other.tobytes())))
    box = changed.getbbox()
    return 1 - box[1] / one.height if box else 0.0


@contextmanager
def _loaded(form: Format, data: bytes, header: Header, frame: int, wanted: tuple[int, int]) -> Iterator[ImageFile]:
    with calling(form.name, header):
        source = form.plugin(BytesIO(data))
        if frame:
            source.seek(frame)
        if form is JPEG_2000:
            setattr(source, "reduce", _halvings(source.size, wanted))  # noqa: B010 - a property there, a method elsewhere
        source.load()
    yield source


def _halvings(size: tuple[int, int], wanted: tuple[int, int]) -> int:
    count = 0
    while count < 5 and size[0] >> (count + 1) >= wanted[0] and size[1] >> (count + 1) >= wanted[1]:
        count += 1
    return count


def _shrunk(image: Image.Image, size: tuple[int, int], *, near: bool = False) -> Raster:
    """Shrink to a mode that can be smoothed (no palette, no 16 bits). `near`: the image is at most twice too large."""
    full = 65535.0 if "16" in image.mode else 1.0 if image.mode == "F" else None
    image = _resizable(image)
    if image.width > size[0] or image.height > size[1]:
        scales = size[0] / image.width, size[1] / image.height
        by_vips = near and image.mode in {"L", "RGB"} and min(scales) > _MIN_SCALE and max(scales) <= 1
        image = vips.resized(image, size) if by_vips else image.resize(size, _BICUBIC, reducing_gap=1.5)
    if image.mode == "F":
        return Raster(tones.eight_bits(image, tones.range_of([image], full)))
    if image.mode == "RGBA":
        return Raster(image.convert("RGB"), image.getchannel("A"))
    return Raster(image)


def _resizable(image: Image.Image) -> Image.Image:
    if image.mode == "F":
        return image
    if image.mode[0] == "I":
        return image.convert("I").convert("F")
    if image.mode in {"La", "RGBa"}:
        image = image.convert("LA" if image.mode == "La" else "RGBA")
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode == "1":
        return image.convert("L")
    return image if image.mode in {"L", "RGB", "CMYK"} else image.convert("RGB")


def _frames(form: Format, source: ImageFile, data: bytes) -> int:
    if form is GIF:
        return gif.frames(data, MAX_FRAMES)
    return min(MAX_FRAMES, getattr(source, "n_frames", 1))
