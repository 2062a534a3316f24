"""What the model is shown: any picture as a small, upright sRGB JPEG without metadata."""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

from PIL import Image

from describer.domain.errors import Corrupt, TooLarge, Unsupported
from describer.vision.imaging import by_pillow, by_vips, colour, content, ground
from describer.vision.imaging.formats import JPEG, PNG, RAW, TIFF, WEBP, recognise
from describer.vision.imaging.opened import Opened
from describer.vision.imaging.orientation import swapped
from describer.vision.imaging.unsupported import why_unread
from describer.vision.imaging.values import MIB, Limits, PreparedImage
from describer.vision.imaging.watchdog import header_time
from describer.vision.preparation import JPEG_QUALITY

_FRAMES_LOOKED_AT = 24
"""Of an animation that begins with blank ones."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """Upright sRGB pixels, and what was left out or changed."""

    pixels: Image.Image
    notes: tuple[str, ...]


def prepare(data: bytes, fit: Callable[[int, int], tuple[int, int]], limits: Limits) -> PreparedImage:
    """Decodes, shrinks, flattens, converts to sRGB, turns upright, strips metadata, encodes.

    Synchronous and without side effects; belongs in the main thread of a process of its own, see `pool.py`.

    Args:
        data: the file's bytes.
        fit: from the size in pixels, as shown upright, to the size to send, which is not larger.
        limits: bytes and memory that this picture may take.

    Raises:
        Unsupported, Corrupt, TooLarge: see `opened`.
    """
    picture = opened(data, limits)
    header = picture.header
    shown = _first_that_shows(picture, fit(header.width, header.height))
    jpeg = _jpeg(shown.pixels, full_chroma=picture.full_chroma and content.needs_full_chroma(shown.pixels))
    return PreparedImage(jpeg, *shown.pixels.size, (*picture.notes, *shown.notes), header)


def opened(data: bytes, limits: Limits) -> Opened:
    """The picture, its header read and no pixel yet.

    Raises:
        Unsupported: not a format that is read.
        Corrupt: no bytes, or its codec failed.
        TooLarge: too many bytes, a header that takes more than a core-second, or decoding would take too much memory.
    """
    if not data:
        raise Corrupt("The picture has no bytes. Upload it again.")
    if len(data) > limits.max_bytes:
        size, most = len(data) / MIB, limits.max_bytes / MIB
        raise TooLarge(f"The file has {size:.1f} MiB, over the limit of {most:.1f}. Upload a smaller copy.")
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
        return by_pillow.opened_by_pillow(form, data, limits)


def _first_that_shows(picture: Opened, size: tuple[int, int]) -> _Shown:
    """The first frame that is not blank, or the first where all are."""
    frames = picture.header.frames
    first = _shown(picture, size, 0)
    several = (f"first of {_counted(frames)} {picture.form.several}",) if frames > 1 else ()
    if frames == 1 or not content.is_blank(first.pixels):
        return _Shown(first.pixels, several + first.notes)
    for frame in range(1, min(frames, _FRAMES_LOOKED_AT)):
        later = _shown(picture, size, frame)
        if not content.is_blank(later.pixels):
            note = f"number {frame + 1} of {_counted(frames)} {picture.form.several}, as those before are blank"
            return _Shown(later.pixels, (note, *later.notes))
    return _Shown(first.pixels, several + first.notes)


def _counted(frames: int) -> str:
    return f"{frames} or more" if frames >= by_pillow.MOST_FRAMES else str(frames)


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
