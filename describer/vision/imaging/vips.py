"""Reads TIFF, PNG and WebP with libvips, which shrinks them row by row while decoding."""

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from PIL import Image

from describer.domain.errors import Unsupported
from describer.vision.imaging import tones
from describer.vision.imaging.codec import calling, facts
from describer.vision.imaging.colour import Space
from describer.vision.imaging.raster import Raster
from describer.vision.imaging.values import Header

_FULL_SCALE: Final = {"uchar": 255.0, "ushort": 65535.0, "float": 1.0, "double": 1.0}
"""White by type of samples; signed and wider integers have none."""
_MEASURED: Final = frozenset({"char", "short", "int", "uint", "float", "double"})
"""Types of samples that may be measurements, with places without data."""
_BEYOND: Final = 1e30
"""Magnitude from which on a sample is not a measurement: programs write such values or infinity for "no data"."""
_KERNEL: Final = "cubic"


def library() -> Any:
    """Return libvips with an empty error buffer: text of an earlier picture that is not UTF-8 would fail every call."""
    pyvips = _loaded()
    pyvips.vips_lib.vips_error_clear()
    return pyvips


@cache
def _loaded() -> Any:
    """Load libvips on first use, which takes 70 ms."""
    import pyvips  # noqa: PLC0415

    pyvips.cache_set_max(0)  # pictures do not repeat
    return pyvips


@dataclass(frozen=True, slots=True)
class Loader:
    """A file to be decoded by one of libvips' loaders.

    Args:
        name: name of the loader, such as "tiffload_source".
        options: the loader's options: page, smaller copy, shrink factor.
        alpha: whether the last channel is transparency; None: libvips decides.
        no_data: the value for "no data", if the file declares one.
    """

    name: str
    data: bytes
    options: dict[str, Any] = field(default_factory=dict)
    alpha: bool | None = None
    no_data: float | None = None

    def image(self) -> Any:
        """Open the picture without decoding it; damaged pixels are an error and not a black area."""
        vips = library()
        load: Callable[..., Any] = getattr(vips.Image, self.name)
        source = vips.Source.new_from_memory(self.data)
        return load(source, access="sequential", fail_on="error", **self.options)


def decoded(loader: Loader, size: tuple[int, int], header: Header) -> Raster:
    """Decode the picture at `size` as stored, or at its own size if that is smaller.

    Raises:
        Corrupt, TooLarge: see `codec.calling`.
        Unsupported: the samples are not colours.
    """
    with calling(header.format, header):
        image = loader.image()
        if "complex" in image.format:
            raise Unsupported(
                f"This {header.format} holds complex numbers, not colours. Export it as PNG.", facts(header)
            )
        if image.interpretation in {"lab", "labq", "labs", "lch", "xyz", "yxy"}:
            image = image.colourspace("srgb")
        profile = image.get("icc-profile-data") if image.get_typeof("icc-profile-data") else None
        colours, alpha = _channels(image, loader)
        clear = "transparency"
        notes = [f"first {colours.bands} of {image.bands} channels"] * (colours.bands + bool(alpha) < image.bands)
        if alpha is None and image.format in _MEASURED:
            colours, alpha = _with_data(colours, loader)
            clear = "places without data"
        small = _resized(colours, alpha, size).copy_memory()
        pixels, scaled = _eight_bits(small, colours.bands, image.format, has_alpha=alpha is not None)
        opacity = None if alpha is None else _band(small.extract_band(colours.bands), alpha.format)
    return Raster(pixels, opacity, clear, Space(profile), (*notes, *scaled))


def resized(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Resize an image of mode L or RGB; takes 6 ms for 1.5 megapixels, Pillow takes 19."""
    bands = len(image.getbands())
    source = library().Image.new_from_memory(image.tobytes(), image.width, image.height, bands, "uchar")
    small = source.resize(size[0] / image.width, vscale=size[1] / image.height, kernel=_KERNEL)
    return Image.frombytes(image.mode, size, small.write_to_memory())


def _channels(image: Any, loader: Loader) -> tuple[Any, Any | None]:
    """Return the colours as one, three or four channels, and the transparency."""
    has_alpha = image.hasalpha() if loader.alpha is None else loader.alpha
    left = image.bands - (1 if has_alpha else 0)
    wanted = 4 if image.interpretation == "cmyk" and left >= 4 else 3 if left >= 3 else 1
    alpha = image.extract_band(image.bands - 1) if has_alpha else None
    return (image.extract_band(0, n=wanted) if wanted < image.bands else image), alpha


def _with_data(colours: Any, loader: Loader) -> tuple[Any, Any | None]:
    """Make places without data transparent, and fill them so that they do not bleed into the rest when shrunk."""
    glance = _glance(loader)
    missing = tones.missing(glance) if loader.no_data is None else loader.no_data
    first = colours.extract_band(0)
    there = (first < _BEYOND) & (first > -_BEYOND)  # NaN is neither
    if missing is not None:
        there &= first != missing
    if missing is None and tones.all_finite(glance, _BEYOND):
        return colours, None
    return there.ifthenelse(colours, tones.middle(glance, missing, _BEYOND)), there


def _glance(loader: Loader) -> list[float]:
    """Return about a hundred thousand of the first channel's stored samples."""
    image = loader.image().extract_band(0)
    step = max(1, round((image.width * image.height / 100_000) ** 0.5))
    few = image.subsample(step, step, point=False).cast("double")
    return list(array("d", bytes(few.write_to_memory())))


def _resized(colours: Any, alpha: Any | None, size: tuple[int, int]) -> Any:
    """Resize all channels as one picture, with transparency last."""
    across, along = size[0] / colours.width, size[1] / colours.height
    together = colours if alpha is None else colours.bandjoin(alpha)
    if across >= 1 and along >= 1:
        return together
    if alpha is None:
        return together.resize(across, vscale=along, kernel=_KERNEL)
    most = _FULL_SCALE.get(alpha.format, 255.0)
    shrunk = together.premultiply(max_alpha=most).resize(across, vscale=along, kernel=_KERNEL)
    return shrunk.unpremultiply(max_alpha=most)


def _eight_bits(small: Any, colours: int, kind: str, *, has_alpha: bool) -> tuple[Image.Image, tuple[str, ...]]:
    if kind == "uchar":
        bands = [_band(small.extract_band(number), "uchar") for number in range(colours)]
        return Image.merge({1: "L", 3: "RGB", 4: "CMYK"}[colours], bands), ()
    samples = [_floats(small.extract_band(number)) for number in range(colours)]
    shown = tones.range_of(samples, _FULL_SCALE.get(kind), _floats(small.extract_band(colours)) if has_alpha else None)
    bands = [tones.eight_bits(band, shown) for band in samples]
    full_scale = shown == tones.Range(0.0, _FULL_SCALE.get(kind, -1.0))
    notes = () if full_scale else (f"values {shown.black:.6g} to {shown.white:.6g} shown as black to white",)
    return Image.merge({1: "L", 3: "RGB", 4: "CMYK"}[colours], bands), notes


def _band(band: Any, kind: str) -> Image.Image:
    """Convert a channel to eight bits by the white of its type."""
    if kind != "uchar":
        band = band * (255 / _FULL_SCALE.get(kind, 255.0))
    band = band.cast("uchar")
    return Image.frombytes("L", (band.width, band.height), band.write_to_memory())


def _floats(band: Any) -> Image.Image:
    return Image.frombytes("F", (band.width, band.height), band.cast("float").write_to_memory())
