"""Renders any picture as the model gets it: a small, upright sRGB JPEG without metadata."""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import cast

from PIL import Image

from describer.domain.errors import Corrupt, TooLarge, Unsupported
from describer.vision.imaging import by_pillow, by_vips, colour, content, gif, ground
from describer.vision.imaging.formats import AVIF, GIF, JPEG, PNG, RAW, TIFF, WEBP, recognise
from describer.vision.imaging.opened import Opened
from describer.vision.imaging.orientation import swapped
from describer.vision.imaging.unsupported import why_unread
from describer.vision.imaging.values import MIB, Limits, Part, PreparedImage
from describer.vision.imaging.watchdog import header_time
from describer.vision.preparation import JPEG_QUALITY
from describer.vision.sizing import THIN_COSTS, Layout, Sizes

NEAR = 0.03
_CROWDED = 0.7
_FAR = 0.34
_HALF = 0.5
"""Shares of the sides: text needs at least the first; below the second or third, small details may be lost."""
_FRAMES_LOOKED_AT = 24
"""Maximum frames of an animation to search for one that is not blank."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """Upright sRGB pixels and notes on what was left out or changed."""

    pixels: Image.Image
    notes: tuple[str, ...]
    frame: int = 0


def prepare(data: bytes, sizes: Sizes, limits: Limits) -> PreparedImage:
    """Decode, shrink, flatten, convert to sRGB, turn upright, strip metadata, encode.

    Synchronous and without side effects; runs in the main thread of a worker process, see `pool.py`. Raises like
    `opened`.
    """
    picture = opened(data, limits)
    size = picture.header.width, picture.header.height
    thin = sizes.is_thin(*size)
    layout = sizes.largest(*size, _thin_budget(sizes, size)) if thin else sizes.usual(*size)
    shown = _first_that_shows(picture, layout.size)
    blank = content.is_blank(shown.pixels)
    notes = [*picture.notes, *shown.notes, *(["shows a single colour"] if blank else [])]
    drawn = bool(sizes.budget) and layout.size != size and content.has_text(shown.pixels)
    if drawn:
        layout, shown, more = _with_text(picture, sizes, shown)
        notes += more
    elif thin and layout.size[0] < _HALF * size[0]:
        notes.append(f"shown at {layout.size[0] / size[0]:.0%} of its width: what is small is lost")
    full_chroma = picture.full_chroma or (drawn and layout.size != size)
    parts = tuple(_parts(shown.pixels, layout, sizes.family.least_side, full_chroma=full_chroma))
    order = "" if len(parts) == 1 else "from top to bottom" if layout.parts[1][1] else "from left to right"
    return PreparedImage(
        parts[0].jpeg,
        parts[0].width,
        parts[0].height,
        notes=(*notes, *([f"cut into {len(parts)} parts {order}"] if order else [])),
        header=picture.header,
        further=parts[1:],
        order=order,
        blank=blank,
    )


def opened(data: bytes, limits: Limits) -> Opened:
    """Read a picture's header, without decoding pixels.

    Raises:
        Unsupported: the format is not supported.
        Corrupt: the file is empty, or its codec failed.
        TooLarge: too many bytes, more than a second of computing for the header, or too much memory for decoding.
    """
    if not data:
        raise Corrupt("The picture has no bytes. Use a whole copy.")
    if len(data) > limits.max_bytes:
        size, most = len(data) / MIB, limits.max_bytes / MIB
        raise TooLarge(f"The file has {size:.1f} MiB, over the limit of {most:.1f}. Use a smaller copy.")
    with header_time():
        form = recognise(data)
        if form is None:
            raise Unsupported(why_unread(data))
        if form is RAW:
            return by_pillow.largest_preview(data, 0, limits)
        if reader := {
            JPEG: by_pillow.jpeg_opened,
            PNG: by_vips.png_opened,
            WEBP: by_vips.webp_opened,
            TIFF: by_vips.tiff_opened,
        }.get(form):
            return reader(data, limits)
        if form is GIF and not gif.first_fills_canvas(data):
            return by_vips.gif_opened(data, limits)
        try:
            return by_pillow.opened_by_pillow(form, data, limits)
        except Corrupt:
            if form is AVIF:
                return by_vips.avif_opened(data, limits)
            raise


def _thin_budget(sizes: Sizes, size: tuple[int, int]) -> int:
    return max(sizes.budget, THIN_COSTS * (sizes.usual(*size[::-1]).tokens or 0)) if sizes.budget else 0


def _with_text(picture: Opened, sizes: Sizes, shown: _Shown) -> tuple[Layout, _Shown, list[str]]:
    """Render the picture as large as its text requires and the budget allows."""
    size = picture.header.width, picture.header.height
    largest = sizes.largest(*size, sizes.budget)
    if largest.size != shown.pixels.size:
        shown = _shown(picture, largest.size, shown.frame)
    share = shown.pixels.width / size[0]
    needed = content.scale_for_text(shown.pixels)
    layout = sizes.at_least(needed * share, *size, sizes.budget)
    lost = share < 1 and (needed > _CROWDED or layout.size[0] < _FAR * size[0])
    notes = [f"small text may be lost: shown at {layout.size[0] / size[0]:.0%} of its size"] if lost else []
    return layout, shown, notes


def _padded(pixels: Image.Image, least: int) -> Image.Image:
    """Pad a picture that the servers would reject as too small, with the colour of its corner."""
    if min(pixels.size) >= least:
        return pixels
    width, height = (max(side, least) for side in pixels.size)
    around = cast("tuple[int, int, int]", pixels.getpixel((0, 0)))
    ground = Image.new("RGB", (width, height), around)
    ground.paste(pixels, ((width - pixels.width) // 2, (height - pixels.height) // 2))
    return ground


def _parts(pixels: Image.Image, layout: Layout, least: int, *, full_chroma: bool) -> Iterator[Part]:
    near = abs(pixels.width - layout.size[0]) <= NEAR * layout.size[0] and pixels.width <= layout.size[0]
    if len(layout.parts) == 1 and near:  # the codec's own scale is close enough
        whole = _padded(pixels, least)
        yield Part(_jpeg(whole, full_chroma=full_chroma and content.needs_full_chroma(pixels)), *whole.size)
        return
    if pixels.size != layout.size:
        pixels = pixels.resize(layout.size, Image.Resampling.BICUBIC)
    full = full_chroma and content.needs_full_chroma(pixels)
    for box in layout.parts:
        part = _padded(pixels.crop(box), least)
        yield Part(_jpeg(part, full_chroma=full), *part.size)


def _first_that_shows(picture: Opened, size: tuple[int, int]) -> _Shown:
    """Render the first frame that is not blank, or the first if all are."""
    frames = picture.header.frames
    first = _shown(picture, size, 0)
    several = (f"first of {_counted(frames)} {picture.form.several}",) if frames > 1 else ()
    if frames == 1 or not content.is_blank(first.pixels):
        return _Shown(first.pixels, several + first.notes)
    for frame in range(1, min(frames, _FRAMES_LOOKED_AT)):
        try:
            later = _shown(picture, size, frame)
        except (Corrupt, Unsupported):
            break
        if not content.is_blank(later.pixels):
            note = f"number {frame + 1} of {_counted(frames)} {picture.form.several}, as those before are blank"
            return _Shown(later.pixels, (note, *later.notes), frame)
    return _Shown(first.pixels, several + first.notes)


def _counted(frames: int) -> str:
    return f"{frames} or more" if frames >= by_pillow.MAX_FRAMES else str(frames)


def _shown(picture: Opened, size: tuple[int, int], frame: int) -> _Shown:
    raster = picture.decode(swapped(size, picture.turn), frame)
    pixels, notes = colour.to_srgb(raster.pixels, raster.space), raster.notes
    if raster.space.is_hdr:
        notes += ("HDR shown in the range of a usual screen",)
    if raster.alpha and raster.alpha.getextrema()[0] < 255:  # type: ignore[operator]
        grounded = ground.on_ground(pixels, raster.alpha, raster.clear)
        pixels, notes = grounded.pixels, (*notes, grounded.note)
    return _Shown(pixels if picture.turn is None else pixels.transpose(picture.turn), notes)


def _jpeg(pixels: Image.Image, *, full_chroma: bool) -> bytes:
    pixels.info.clear()  # the writer copies comments and XMP from there
    out = BytesIO()
    pixels.save(out, "JPEG", quality=JPEG_QUALITY, subsampling="4:4:4" if full_chroma else "4:2:0")
    return out.getvalue()
