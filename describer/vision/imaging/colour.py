"""Converts colours to sRGB after shrinking: on 12 megapixels that takes 20 ms instead of 270.

Primaries and transfer characteristics by number: ITU-T H.273, tables 2 and 3. PQ and HLG: ITU-R BT.2100.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from io import BytesIO
from math import exp
from typing import Final

from PIL import Image, ImageCms
from PIL.ImageFilter import Color3DLUT

_SRGB: Final = ImageCms.createProfile("sRGB")
_GRID: Final = 21
_D65: Final = (0.3127, 0.3290)
_PRIMARIES: Final[dict[int, tuple[float, ...]]] = {
    1: (0.64, 0.33, 0.30, 0.60, 0.15, 0.06),
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046),
    12: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
}
"""x and y of red, green and blue for BT.709, BT.2020 and Display P3."""
_PQ, _HLG, _LINEAR = 16, 18, 8
_POWERS: Final = {4: 2.2, 5: 2.8}
HDR: Final = {_PQ, _HLG}
_REFERENCE_WHITE: Final = 203.0
"""Luminance of diffuse white in candela per square metre: ITU-R BT.2408."""
_KNEE: Final = 0.8
"""Share of white up to which HDR colours are unchanged; brighter colours are compressed into the rest."""

type _Curve = Callable[[float], float]
type _Matrix = tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Space:
    """The colour information of a file.

    Args:
        profile: an ICC profile.
        cicp: numbers of the colour primaries and transfer characteristics.
        gamma: the encoding exponent, such as 0.45455.
        chromaticities: x and y of white, red, green, blue.
    """

    profile: bytes | None = None
    cicp: tuple[int, int] | None = None
    gamma: float | None = None
    chromaticities: tuple[float, ...] | None = None

    @property
    def is_hdr(self) -> bool:
        """Whether the transfer characteristics are those of HDR."""
        return self.cicp is not None and self.cicp[1] in HDR


UNKNOWN_SPACE: Final = Space()


def to_srgb(image: Image.Image, space: Space) -> Image.Image:
    """Return an image of mode L, RGB or CMYK in sRGB; damaged or unknown colour information counts as sRGB."""
    if space.profile and not space.is_hdr and (shown := _by_profile(image, space.profile)):
        return shown
    image = image if image.mode == "RGB" else image.convert("RGB")
    table = _table(space.cicp, space.gamma, space.chromaticities)
    return image.filter(table) if table else image


def _by_profile(image: Image.Image, profile: bytes) -> Image.Image | None:
    try:
        return ImageCms.applyTransform(image, _transform(profile, image.mode))
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None


@lru_cache(maxsize=8)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform:
    """Return a cached transform: building it takes as long as shrinking, and a phone's pictures share one profile."""
    embedded = ImageCms.ImageCmsProfile(BytesIO(profile))
    return ImageCms.buildTransform(embedded, _SRGB, mode, "RGB")


@lru_cache(maxsize=8)
def _table(
    cicp: tuple[int, int] | None, gamma: float | None, chromaticities: tuple[float, ...] | None
) -> Color3DLUT | None:
    """Return the lookup table to sRGB, or None if the colours are sRGB already."""
    primaries: tuple[float, ...] = _PRIMARIES[1]
    white: tuple[float, ...] = _D65
    if cicp:
        decode, primaries = _curve(cicp[1]), _PRIMARIES.get(cicp[0], primaries)
    else:
        power = 1 / gamma if gamma and 0.1 < gamma < 10 and abs(gamma * 2.2 - 1) > 0.05 else None
        decode = (lambda value: value**power) if power else _from_srgb
    if chromaticities:
        primaries, white = chromaticities[2:], chromaticities[:2]
    matrix = _between(primaries, white)
    same = all(
        abs(value - (row == column)) < 0.02 for row, line in enumerate(matrix) for column, value in enumerate(line)
    )
    if same and decode is _from_srgb:
        return None
    hdr = cicp is not None and cicp[1] in HDR
    linear = [decode(step / (_GRID - 1)) for step in range(_GRID)]

    def shown(red: float, green: float, blue: float) -> tuple[float, ...]:
        mixed = [sum(a * b for a, b in zip(line, (red, green, blue), strict=True)) for line in matrix]
        return tuple(_to_srgb(value) for value in (_toned(mixed) if hdr else mixed))

    entries = [shown(red, green, blue) for blue in linear for green in linear for red in linear]
    return Color3DLUT(_GRID, [value for entry in entries for value in entry])


def _curve(transfer: int) -> _Curve:
    if transfer == _PQ:
        return _from_pq
    if transfer == _HLG:
        return _from_hlg
    if transfer == _LINEAR:
        return float
    power = _POWERS.get(transfer)
    return (lambda value: value**power) if power else _from_srgb


def _from_srgb(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


def _to_srgb(value: float) -> float:
    value = min(1.0, max(0.0, value))
    return value * 12.92 if value <= 0.0031308 else float(1.055 * value ** (1 / 2.4) - 0.055)


def _from_pq(value: float) -> float:
    """Decode PQ; 1 is diffuse white."""
    root = value ** (1 / 78.84375)
    light = max(root - 0.8359375, 0.0) / (18.8515625 - 18.6875 * root)
    return float(10_000 / _REFERENCE_WHITE * light ** (1 / 0.1593017578125))


def _from_hlg(value: float) -> float:
    """Decode HLG with a system gamma of 1.2; 1 is diffuse white, at 0.75 of the signal."""
    scene = value**2 / 3 if value <= 0.5 else (exp((value - 0.55991073) / 0.17883277) + 0.28466892) / 12
    return float((scene / 0.26496256) ** 1.2)


def _toned(mixed: Sequence[float]) -> list[float]:
    """Compress highlights by the brightest channel, which preserves hues."""
    peak = max(mixed)
    if peak <= _KNEE:
        return list(mixed)
    over = (peak - _KNEE) / (1 - _KNEE)
    rolled = _KNEE + (1 - _KNEE) * over / (1 + over)
    return [value * rolled / peak for value in mixed]


@cache
def _between(primaries: tuple[float, ...], white: tuple[float, ...]) -> _Matrix:
    """Return the matrix from linear colours of these primaries to linear sRGB, white to white."""
    return _product(_inverse(_to_xyz(_PRIMARIES[1], _D65)), _to_xyz(primaries, white))


def _to_xyz(primaries: tuple[float, ...], white: tuple[float, ...]) -> _Matrix:
    """Return the primaries as columns of XYZ relative to white."""
    columns = [(x / y, 1.0, (1 - x - y) / y) for x, y in zip(primaries[::2], primaries[1::2], strict=True)]
    goal = (white[0] / white[1], 1.0, (1 - white[0] - white[1]) / white[1])
    raw = tuple(tuple(column[row] / goal[row] for column in columns) for row in range(3))
    scales = [sum(line) for line in _inverse(raw)]
    return tuple(tuple(value * scale for value, scale in zip(line, scales, strict=True)) for line in raw)


def _product(left: _Matrix, right: _Matrix) -> _Matrix:
    columns = list(zip(*right, strict=True))
    return tuple(tuple(sum(a * b for a, b in zip(line, column, strict=True)) for column in columns) for line in left)


def _inverse(matrix: _Matrix) -> _Matrix:
    (a, b, c), (d, e, f), (g, h, i) = matrix
    minors = (
        (e * i - f * h, c * h - b * i, b * f - c * e),
        (f * g - d * i, a * i - c * g, c * d - a * f),
        (d * h - e * g, b * g - a * h, a * e - b * d),
    )
    whole = a * minors[0][0] + b * minors[1][0] + c * minors[2][0]
    return tuple(tuple(value / whole for value in line) for line in minors)
