"""Decodes TIFF pages whose tiles or strips are JPEG 2000 pictures, as in archives of maps and microscopy."""

from io import BytesIO
from math import ceil
from typing import Final

from PIL import Image
from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile

from describer.domain.errors import Corrupt
from describer.vision.imaging.codec import calling, facts
from describer.vision.imaging.raster import Raster
from describer.vision.imaging.tiff import Page, Tag
from describer.vision.imaging.values import Header

_MOST_HALVINGS: Final = 5
_YCBCR: Final = 33003
"""Aperio's compression, whose colours the decoder does not convert."""


def page_of_tiles(data: bytes, page: Page, size: tuple[int, int], header: Header) -> Raster:
    """Decode a page, each tile shrunk by halves. Raises Corrupt, Unsupported."""
    width, height = page.size
    tiled = Tag.TILES in page.tags
    across = page.first(Tag.TILE_WIDTH, width) if tiled else width
    along = page.first(Tag.TILE_HEIGHT if tiled else Tag.ROWS, height)
    offsets = page.tags.get(Tag.TILES if tiled else Tag.STRIPS, ())
    lengths = page.tags.get(Tag.TILE_BYTES if tiled else Tag.STRIP_BYTES, ())
    columns = ceil(width / across) if across else 0
    if not columns or not along or len(offsets) != len(lengths) or len(offsets) < columns * ceil(height / along):
        raise Corrupt("The TIFF data is damaged. Use an undamaged copy.", facts(header))
    halvings = _halvings(min(across, along), max(size[0] / width, size[1] / height))
    step = 2**halvings
    whole = Image.new("RGB", (ceil(width / step), ceil(height / step)))
    for number, (at, length) in enumerate(zip(offsets, lengths, strict=True)):
        tile = _tile(data[int(at) : int(at) + int(length)], halvings, header)
        if page.first(Tag.COMPRESSION) == _YCBCR and tile.mode == "RGB":
            tile = Image.merge("YCbCr", tile.split()).convert("RGB")
        if tile.mode.startswith("I"):
            tile = tile.convert("I").point(lambda value: value * (255 / 65535)).convert("L")
        row, column = divmod(number, columns)
        whole.paste(tile.convert("RGB"), (column * across // step, row * along // step))
    if whole.width > size[0] or whole.height > size[1]:
        whole = whole.resize(size, Image.Resampling.BICUBIC)
    return Raster(whole)


def _halvings(side: int, scale: float) -> int:
    """Return how often to halve tiles: not below the wanted size, and only to whole pixels."""
    count = 0
    while count < _MOST_HALVINGS and scale * 2 ** (count + 1) <= 1 and side % 2 ** (count + 1) == 0:
        count += 1
    return count


def _tile(data: bytes, halvings: int, header: Header) -> Image.Image:
    with calling(header.format, header):
        tile = Jpeg2KImageFile(BytesIO(data))
        setattr(tile, "reduce", halvings)  # noqa: B010 - a property here, a method elsewhere
        tile.load()
        return tile
