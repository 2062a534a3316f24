"""Decodes PNG, WebP and TIFF with libvips, which reads row by row; its libtiff handles kinds that Pillow garbles."""

import re
from dataclasses import replace
from typing import Any, Final

from describer.domain.errors import Corrupt, Unsupported
from describer.vision.imaging import boxes, content, gif, orientation, png, raw, tiff, tiff_kinds
from describer.vision.imaging.by_pillow import MAX_FRAMES, largest_preview, page_by_pillow
from describer.vision.imaging.codec import calling, check_cost, facts
from describer.vision.imaging.formats import AVIF, GIF, PNG, TIFF, WEBP
from describer.vision.imaging.opened import Opened
from describer.vision.imaging.orientation import swapped
from describer.vision.imaging.raster import Raster
from describer.vision.imaging.tiff import Page, Tag
from describer.vision.imaging.tiff_tiles import page_of_tiles
from describer.vision.imaging.values import MIB, Header, Limits
from describer.vision.imaging.vips import Loader, decoded

_ROWS: Final = 512
"""Maximum rows of the source that libvips holds at a time."""
_BASE: Final = 32 * MIB
"""Memory that libvips needs for any picture."""
_NUMBER: Final = re.compile(rb"-?[0-9.]+(?:[eE][+-]?[0-9]+)?")


def png_opened(data: bytes, limits: Limits) -> Opened:
    """Read a PNG's header. Raises Corrupt, TooLarge."""
    with calling(PNG.name):
        head = _png_header(data)
    turn = orientation.turn(orientation.in_block(head.exif, head.xmp))
    header = Header(PNG.name, PNG.media_type, *swapped((head.width, head.height), turn), head.frames)
    channels = {0: 1, 2: 3, 3: 4, 4: 2, 6: 4}.get(head.colours, 4)
    rows = head.height if head.interlaced else min(head.height, _ROWS)
    check_cost(_BASE + head.width * rows * channels * max(1, head.depth // 8), header, limits)
    loader = Loader("pngload_source", data)
    with calling(PNG.name, header):
        found = loader.image()
    if not (head.exif or head.xmp):
        turn = orientation.turn(_field(found, "orientation", 1))
        width, height = swapped((head.width, head.height), turn)
        header = replace(header, width=width, height=height)

    def decode(size: tuple[int, int], frame: int) -> Raster:  # noqa: ARG001
        """Decode the first frame, whatever `frame` is: libvips reads no other."""
        raster = decoded(loader, size, header)
        return replace(raster, space=replace(head.space, profile=raster.space.profile))

    return Opened(PNG, header, turn, decode)


def webp_opened(data: bytes, limits: Limits) -> Opened:
    """Read a WebP's header. Raises Corrupt, TooLarge."""
    with calling(WEBP.name):
        found = Loader("webpload_source", data).image()
    turn = orientation.turn(_field(found, "orientation", 1))
    frames = min(MAX_FRAMES, _field(found, "n-pages", 1))
    size = found.width, found.height
    header = Header(WEBP.name, WEBP.media_type, *swapped(size, turn), frames)
    needed = size[0] * size[1] * (WEBP.bytes_per_pixel + 8 * (frames > 1))
    check_cost(_BASE + needed, header, limits)

    def decode(wanted: tuple[int, int], frame: int) -> Raster:
        scale = min(1.0, max(wanted[0] / size[0], wanted[1] / size[1])) if frames == 1 else 1.0
        return decoded(Loader("webpload_source", data, {"page": frame, "scale": scale}), wanted, header)

    return Opened(WEBP, header, turn, decode, full_chroma=b"VP8L" in data[:64])


def avif_opened(data: bytes, limits: Limits) -> Opened:
    """Read the header of an AVIF by an early encoder, which libavif rejects. libheif rotates and crops it."""
    with calling(AVIF.name):
        found = Loader("heifload_source", data).image()
    header = Header(AVIF.name, AVIF.media_type, found.width, found.height)
    check_cost(found.width * found.height * AVIF.bytes_per_pixel, header, limits)
    cicp = boxes.cicp(data, boxes.shown(data))

    def decode(size: tuple[int, int], frame: int) -> Raster:  # noqa: ARG001
        raster = decoded(Loader("heifload_source", data), size, header)
        return replace(raster, space=replace(raster.space, cicp=cicp))

    return Opened(AVIF, header, None, decode)


def gif_opened(data: bytes, limits: Limits) -> Opened:
    """Read the header of a GIF whose first frame is smaller than its canvas. Raises Corrupt, TooLarge."""
    width, height = (int.from_bytes(data[at : at + 2], "little") for at in (6, 8))
    header = Header(GIF.name, GIF.media_type, width, height, gif.frames(data, MAX_FRAMES))
    check_cost(width * height * GIF.bytes_per_pixel, header, limits)
    with calling(GIF.name, header):
        found = Loader("gifload_source", data).image()
    header = replace(header, width=found.width, height=found.height)

    def decode(size: tuple[int, int], frame: int) -> Raster:
        return decoded(Loader("gifload_source", data, {"page": frame}), size, header)

    return Opened(GIF, header, None, decode)


def tiff_opened(data: bytes, limits: Limits) -> Opened:
    """Read a TIFF's directories. Raises Corrupt, TooLarge, Unsupported."""
    found = tiff.pages(data)
    if not found:
        raise Corrupt("The TIFF data is damaged. Use an undamaged copy.")
    if raw.is_raw(data, found):
        return largest_preview(data, found[0].first(Tag.ORIENTATION, 1), limits)
    first = tiff.picture(found)
    number = first.first(Tag.ORIENTATION) or orientation.in_xmp(_bytes(first, Tag.XMP))
    turn = orientation.turn(number)
    others = [other for other in found if not other.is_copy and not other.is_mask]
    header = Header(TIFF.name, TIFF.media_type, *swapped(first.size, turn), max(1, len(others)))

    def read(page: Page, size: tuple[int, int]) -> Raster:
        reader = _checked(page, header, limits)
        if reader is tiff_kinds.Reader.TILES:
            return page_of_tiles(data, page, size, header)
        if reader is tiff_kinds.Reader.PILLOW:
            return page_by_pillow(data, page.number, size, header, number)
        try:
            return decoded(_tiff_loader(data, page), size, header)
        except Corrupt:
            if tiff_kinds.is_plain(page):  # Pillow can read some directories that libtiff rejects
                return page_by_pillow(data, page.number, size, header, number)
            raise

    def decode(size: tuple[int, int], frame: int) -> Raster:
        chosen = others[frame] if frame else first
        page = tiff.smallest_above(chosen, found, size)
        raster = read(page, size)
        if content.shows_nothing(raster.pixels) and (copy := tiff.other_copy(page, chosen, found)):
            _compare_with(read(copy, copy.size), header)
        return raster

    _checked(tiff.smallest_above(first, found, (2048, 2048)), header, limits)
    return Opened(TIFF, header, turn, decode)


def _compare_with(copy: Raster, header: Header) -> None:
    if not content.shows_nothing(copy.pixels):
        sentence = (
            "This TIFF is read as noise or a blank sheet, unlike its own smaller copy. Save it again as PNG or JPEG."
        )
        raise Unsupported(sentence, facts(header))


def _checked(page: Page, header: Header, limits: Limits) -> tiff_kinds.Reader:
    reader = tiff_kinds.reader(page)
    width, height = page.size
    samples, depth = page.first(Tag.SAMPLES, 1), max(8, page.first(Tag.BITS, 8)) // 8
    if reader is tiff_kinds.Reader.VIPS:
        rows = min(height, max(_ROWS, page.first(Tag.TILE_HEIGHT)))
        planes = height if page.first(Tag.PLANAR, 1) == 2 else rows
        needed = _BASE + width * planes * samples * depth * 2
    else:
        needed = width * height * (samples * depth + 4)
    check_cost(needed, header, limits)
    return reader


def _tiff_loader(data: bytes, page: Page) -> Loader:
    options: dict[str, Any] = {"page": page.number}
    if page.level is not None:
        options["subifd"] = page.level
    match = _NUMBER.match(_bytes(page, Tag.NO_DATA).strip())  # GDAL's: a number as text
    extra = page.tags.get(Tag.EXTRA, ())
    return Loader(
        "tiffload_source",
        data,
        options,
        alpha=any(value in {1, 2} for value in extra),
        no_data=float(match[0]) if match else None,
    )


def _png_header(data: bytes) -> png.Png:
    try:
        return png.read(data)
    except ValueError as error:
        raise Corrupt("The PNG data is damaged. Use an undamaged copy.") from error


def _field(image: Any, name: str, default: int) -> int:
    return int(image.get(name)) if image.get_typeof(name) else default  # listing all fields fails if one is not UTF-8


def _bytes(page: Page, tag: Tag) -> bytes:
    value = page.tags.get(tag, b"")
    return value if isinstance(value, bytes) else bytes(int(part) & 0xFF for part in value)
