"""TIFFs of kinds that Pillow does not write: by libvips, or directory by directory."""

import struct
from typing import Any, Final

import numpy as np
import pyvips

from tests import pictures

_TYPES: Final = {"H": 3, "I": 4}


def by_vips(kind: str = "uchar", **options: Any) -> bytes:
    """The scene, in samples of this type, as libvips writes it."""
    rows = np.asarray(pictures.scene())
    image = pyvips.Image.new_from_array(np.ascontiguousarray(rows)).copy(interpretation="srgb")
    if kind == "ushort":
        image = (image.cast("ushort") * 257).cast("ushort").copy(interpretation="rgb16")
    if kind == "float":
        image = (image / 255).cast("float")
    return bytes(image.tiffsave_buffer(**options))


def written(
    samples: np.ndarray[Any, Any], *, order: str = "<", big: bool = False, **tags: int | tuple[int, ...]
) -> bytes:
    """One directory, uncompressed, with these tags beside the usual ones; named as TIFF 6.0 numbers them: `t277=4`."""
    height, width = samples.shape[:2]
    count = 1 if samples.ndim == 2 else samples.shape[2]
    kind = {"u": 1, "i": 2, "f": 3}[samples.dtype.kind]
    body = samples.astype(samples.dtype.newbyteorder(order)).tobytes()
    default_brief: dict[int, int | tuple[int, ...]] = {
        256: width,
        257: height,
        258: (samples.dtype.itemsize * 8,) * count,
        259: 1,
        262: 2 if count >= 3 else 1,
        277: count,
        278: height,
        279: len(body),
        284: 1,
        339: (kind,) * count,
    }
    default_brief |= {int(name[1:]): value for name, value in tags.items()}
    return _file(default_brief, body, order, big=big)


def planes(samples: np.ndarray[Any, Any], order: str = "<") -> bytes:
    """The same samples, each channel by itself."""
    height, width, count = samples.shape
    size = height * width * samples.dtype.itemsize
    kind = {"u": 1, "f": 3}[samples.dtype.kind]
    body = samples.transpose(2, 0, 1).astype(samples.dtype.newbyteorder(order)).tobytes()
    tags: dict[int, int | tuple[int, ...]] = {
        256: width,
        257: height,
        258: (samples.dtype.itemsize * 8,) * count,
        259: 1,
        262: 2,
        277: count,
        278: height,
        279: (size,) * count,
        284: 2,
        339: (kind,) * count,
    }
    return _file(tags, body, order, big=False, strips=count)


def _file(tags: dict[int, int | tuple[int, ...]], body: bytes, order: str, *, big: bool, strips: int = 1) -> bytes:
    head = 16 if big else 8
    pointer, inline = ("Q", 8) if big else ("I", 4)
    tags = tags | {273: tuple(head + number * (len(body) // strips) for number in range(strips))}
    start = head + len(body)
    after = start + (8 if big else 2) + len(tags) * (20 if big else 12) + inline
    entries, extra = b"", b""
    for tag, value in sorted(tags.items()):
        values = value if isinstance(value, tuple) else (value,)
        code = "I" if tag in {273, 279} or max(values) > 65535 else "H"
        packed = struct.pack(f"{order}{len(values)}{code}", *values)
        entries += struct.pack(f"{order}HH{pointer}", tag, _TYPES[code], len(values))
        if len(packed) > inline:
            entries += struct.pack(order + pointer, after + len(extra))
            extra += packed
        else:
            entries += packed.ljust(inline, b"\0")
    mark = b"II" if order == "<" else b"MM"
    first = struct.pack(f"{order}HHHQ", 43, 8, 0, start) if big else struct.pack(f"{order}HI", 42, start)
    counted = struct.pack(order + ("Q" if big else "H"), len(tags))
    return mark + first + body + counted + entries + bytes(inline) + extra
