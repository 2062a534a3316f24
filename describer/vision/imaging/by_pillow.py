"""JPEG, GIF, BMP, HEIC, AVIF, JPEG 2000, JPEG XL, previews of camera raw, and TIFF in two compressions: by Pillow."""

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
"""JPEGs of one sequential scan are shrunk while they are decoded; the others are held whole."""
MOST_FRAMES: Final = 1000
NEAR_ENOUGH: Final = 0.97
"""JPEG decodes to 1/1, 1/2, 1/4 and 1/8 only: 4032 px come as 1008 and need no resampling where 1024 are wanted."""
MAY_BE_MISSING: Final = 0.1
"""The share of rows that may be missing at the end of a JPEG; half a picture is none."""
_FILLER: Final = bytes(range(1, 255)) * 256
_END: Final = b"\xff\xd9"
_NO_LESS: Final = 0.45
"""Of its sides: a picture that a codec has shrunk by halves needs no more."""
_BICUBIC: Final = Image.Resampling.BICUBIC


def jpeg_opened(data: bytes, limits: Limits, form: Format = JPEG, turned: int = 0) -> Opened:
    """Reads the header.

    Args:
        data: from its first byte; what follows its end does not matter.
        limits: what it may cost.
        form: JPEG, or the camera raw file that it comes from.
        turned: the orientation that the file around it tells; 0: none does.
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

    def decode(wanted: tuple[int, int], frame: int) -> Raster:  # noqa: ARG001 - further ones are not looked for
        return _jpeg(head, wanted, header)

    return Opened(form, header, turn, decode, full_chroma=head.full_chroma)


def jpeg_bytes_per_pixel(head: jpeg.Jpeg) -> float:
    """The memory that decoding takes, with a margin of a fifth: two bytes for each coefficient, where all are held."""
    return PLAIN_JPEG_BYTES_PER_PIXEL if head.one_scan else 1.2 * (2 * head.samples + 0.3)


def largest_preview(data: bytes, turned: int, limits: Limits) -> Opened:
    """A camera raw file, by its preview. Raises Unsupported."""
    found = raw.preview(data)
    opened = jpeg_opened(data[found.start :], limits, RAW, turned)
    note = f"the camera's preview of {opened.header.width}x{opened.header.height}"
    return replace(opened, header=replace(opened.header, frames=1), notes=(note,))


def opened_by_pillow(form: Format, data: bytes, limits: Limits) -> Opened:
    """Reads the header of any other format. Raises Corrupt, TooLarge, Unsupported."""
    if form is JPEG_XL:
        width, height = jxl.size(data)  # its plugin decodes all pixels where others read the header
        header = Header(form.name, form.media_type, width, height)
        check_cost(width * height * form.bytes_per_pixel, header, limits)
    still = sequence.first_picture(data) if form is HEIF and boxes.is_sequence(data) else None
    data = _mended(form, still.data if still else data)
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
    """A page of a TIFF, which this plugin turns upright, as it is stored. Raises Corrupt, TooLarge, Unsupported."""
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
        if missing > MAY_BE_MISSING:
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
    """The share of rows that a JPEG without an end lacks: those that change with what is put in their place."""
    with calling(header.format, header):
        one, other = (_drafted(head.plain(rest + _END), (1, 1)).convert("L") for rest in (b"", _FILLER))
    changed = Image.frombytes("L", one.size, bytes(map(lambda a, b: a != b, one.tobytes(), other.tobytes())))
    box = changed.getbbox()
    return 1 - box[1] / one.height if box else 0.0


def _mended(form: Format, data: bytes) -> bytes:
    """HEIC by older converters tells sizes of its own, which libheif refuses since 1.22."""
    return boxes.with_coded_sizes(data) if form is HEIF else data


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
    """In a mode that is resized with smoothing: not a palette, not 16 bits. `near`: it is at most twice too large."""
    full = 65535.0 if "16" in image.mode else 1.0 if image.mode == "F" else None
    image = _resizable(image)
    if image.width > size[0] or image.height > size[1]:
        scales = size[0] / image.width, size[1] / image.height
        by_vips = near and image.mode in {"L", "RGB"} and min(scales) > _NO_LESS and max(scales) <= 1
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
        return gif.frames(data, MOST_FRAMES)
    return min(MOST_FRAMES, getattr(source, "n_frames", 1))
