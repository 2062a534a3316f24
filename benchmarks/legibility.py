"""Measures how legible small text stays, and the cost: `python -m benchmarks.legibility [FOLDER]` (needs `make setup`).

Pages with known words are read by an OCR (RapidOCR with PP-OCR's models, for this benchmark only) as they are and as
the model is shown them: in a window of each, two where the page is cut into parts, which the OCR does not enlarge
(it would read more than a model does). FOLDER holds photographs, none of which may cost more than the budget of
photographs; without it, the samples' are taken. Tokens are those of the default model.
"""

import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image
from rapidocr import RapidOCR
from rich.console import Console
from rich.table import Table

from benchmarks.figures import Figure, conclude, parser
from benchmarks.pages import Box, Page, pages
from benchmarks.preparation import TEXT_TOKENS, luna, photo
from describer.domain.errors import ImageRejected
from describer.vision.image_tokens import parts_tokens
from describer.vision.imaging.render import prepare
from describer.vision.imaging.values import Limits, Part, PreparedImage
from describer.vision.sizing import OVERLAP, Sizes

_WINDOW: Final = (480, 320)
"""Pixels of the original."""
_PHOTOGRAPHS: Final = ("astronaut.jpg", "cat.jpg", "coffee.jpg", "rocket.webp")
_LETTERS: Final = re.compile(r"\w+")
_SIZES: Final = Sizes(luna(), "high", text_tokens=TEXT_TOKENS)


@dataclass(frozen=True, slots=True)
class Result:
    """One page: shares of its words that were read, and tokens."""

    page: Page
    as_it_is: float
    as_shown: float
    tokens: int
    usual: int
    largest: int

    @property
    def kept(self) -> float:
        """The recall on the shown picture, as a share of the original's."""
        return self.as_shown / self.as_it_is


class Reader:
    """The OCR."""

    def __init__(self) -> None:
        logging.getLogger("RapidOCR").setLevel(logging.ERROR)
        unenlarged = {"Det.limit_type": "max", "Det.limit_side_len": 960}
        quiet = {"Global.log_level": "error", "Global.use_cls": False, "Global.text_score": 0.3}
        self._ocr = RapidOCR(params=unenlarged | quiet)

    def words(self, image: Image.Image, script: str) -> Counter[str]:
        """Return the text on a picture."""
        read = self._ocr(np.asarray(image.convert("RGB"))[:, :, ::-1])
        return Counter(unit for line in read.txts or () for unit in units(line, script))


def units(text: str, script: str) -> list[str]:
    """Return the units to count: words, or pairs of characters in scripts without spaces."""
    words = _LETTERS.findall(text.casefold())
    return words if script not in {"zh", "ja"} else [word[at : at + 2] for word in words for at in range(len(word) - 1)]


def recall(truth: list[str], found: Counter[str], script: str) -> float:
    """Return the share of the text that was read."""
    wanted = Counter(unit for word in truth for unit in units(word, script))
    return (wanted & found).total() / wanted.total()


def windows(page: Page, shown: PreparedImage) -> Iterator[tuple[Image.Image, Image.Image, list[str]]]:
    """A window of the original page, the same of the shown one, and the words in it."""
    along = shown.order != "from left to right"
    scale = shown.width / page.image.width if along else shown.height / page.image.height
    length = (page.image.height if along else page.image.width) * scale
    step = (length - OVERLAP) / len(shown.parts)
    for number in sorted({0, len(shown.parts) - 1}):
        part = shown.parts[number]
        offset = (0.0, number * step) if along else (number * step, 0.0)
        cuts = [(cut, _moved(cut, offset, scale)) for cut in _candidates(part, scale)]
        cut, box = max(cuts, key=lambda pair: len(page.within(pair[1])))
        with Image.open(BytesIO(part.jpeg)) as jpeg:
            yield page.image.crop(_whole(box)), jpeg.crop(_whole(cut)), page.within(box)


def _candidates(part: Part, scale: float) -> Iterator[Box]:
    """Nine windows, of which the one with most words is taken: a chart has few in its middle."""
    width, height = min(_WINDOW[0] * scale, part.width), min(_WINDOW[1] * scale, part.height)
    for across, along in product((0.0, 0.5, 1.0), repeat=2):
        left, top = (part.width - width) * across, (part.height - height) * along
        yield left, top, left + width, top + height


def _moved(cut: Box, offset: tuple[float, float], scale: float) -> Box:
    """Its place on the page."""
    left, top, right, bottom = cut
    x, y = offset
    return (left + x) / scale, (top + y) / scale, (right + x) / scale, (bottom + y) / scale


def _whole(box: Iterable[float]) -> tuple[int, int, int, int]:
    left, top, right, bottom = map(round, box)
    return left, top, right, bottom


def tokens(image: PreparedImage) -> int:
    """Return the default model's tokens for a picture, all parts together."""
    return parts_tokens(luna(), ((part.width, part.height) for part in image.parts), "high") or 0


def measured(page: Page, reader: Reader) -> Result:
    """Prepares a page and reads both versions."""
    out = BytesIO()
    page.image.save(out, "PNG")
    shown = prepare(out.getvalue(), _SIZES, Limits())
    recalls = []
    for original, sent, truth in windows(page, shown):
        recalls.append([recall(truth, reader.words(image, page.script), page.script) for image in (original, sent)])
    as_it_is, as_shown = (sum(column) / len(recalls) for column in zip(*recalls, strict=True))
    usual, largest = _SIZES.usual(*page.image.size), _SIZES.largest(*page.image.size, TEXT_TOKENS)
    return Result(page, as_it_is, as_shown, tokens(shown), usual.tokens or 0, largest.tokens or 0)


def at_photo_budget(folder: Path | None) -> list[bool]:
    """For each photograph, whether it takes no more than the budget of photographs."""
    samples = [Path("samples") / name for name in _PHOTOGRAPHS]
    paths = sorted(path for path in folder.rglob("*") if path.is_file()) if folder else samples
    verdicts = []
    for path in paths:
        try:
            image = prepare(path.read_bytes(), _SIZES, Limits())
        except ImageRejected:
            continue
        assert image.header is not None
        usual = _SIZES.usual(image.header.width, image.header.height).tokens or 0
        verdicts.append(tokens(image) <= usual)
        if not verdicts[-1]:
            print(f"taken for text: {path.name}: {tokens(image)} tokens")
    return verdicts


def main() -> None:
    """The command line."""
    options = parser("legibility")
    options.add_argument("folder", type=Path, nargs="?", help="photographs")
    options.add_argument("--only", default="", metavar="KIND", help="pages whose name begins so")
    given = options.parse_args()
    reader = Reader()
    results = [measured(page, reader) for page in pages(given.only)]
    table = Table("page", "recall", "as shown", "kept", "tokens", "usual", "largest")
    for one in results:
        shares = (f"{share:.2f}" for share in (one.as_it_is, one.as_shown, one.kept))
        table.add_row(one.page.name, *shares, *map(str, (one.tokens, one.usual, one.largest)))
    Console(width=120).print(table)
    photographs = at_photo_budget(given.folder)
    twelve = prepare(photo(4032, 3024, "JPEG", quality=94), _SIZES, Limits())
    figures = [
        Figure("pages", len(results), "pages"),
        Figure("recall kept, all pages", sum(one.kept for one in results) / len(results), "", at_least=0.95),
        Figure("recall kept, the worst page", min(one.kept for one in results), "", at_least=0.9),
        Figure("tokens a page", sum(one.tokens for one in results) / len(results), "tokens"),
        Figure(
            "tokens a page, always at the text budget", sum(one.largest for one in results) / len(results), "tokens"
        ),
        Figure("tokens a page, always at the photo budget", sum(one.usual for one in results) / len(results), "tokens"),
        Figure("photographs", len(photographs), "pictures"),
        Figure("of these, at the photo budget", 100 * sum(photographs) / len(photographs), "%", at_least=95),
        Figure("a photograph of 12 MP", tokens(twelve), "tokens", at_most=930),
    ]
    conclude(figures, given)


if __name__ == "__main__":
    main()
