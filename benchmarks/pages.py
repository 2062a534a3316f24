"""Pages whose words are known, drawn with fonts of Debian's packages, for `benchmarks.legibility`.

Fonts: fonts-dejavu-core, fonts-liberation, fonts-wqy-microhei. All words are chosen by a seed.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from typing import Final

from PIL import Image, ImageDraw, ImageFont

_FONTS: Final = Path("/usr/share/fonts/truetype")
_FILES: Final = {
    "sans": "dejavu/DejaVuSans.ttf",
    "mono": "dejavu/DejaVuSansMono.ttf",
    "narrow": "liberation/LiberationSans-Regular.ttf",
    "serif": "liberation/LiberationSerif-Regular.ttf",
    "cjk": "wqy/wqy-microhei.ttc",
}
WORDS: Final = {
    "en": "invoice harbour amount delivery railway window counter evening account machine printer garden village "
    "station receipt channel library mountain product section storage surface version warning traffic setting "
    "profile message network holiday forward express display context balance archive student teacher kitchen",
    "de": "Straße Gebäude Prüfung Größe Übersicht Änderung Müller Käufer Schlüssel Rückgabe Gewähr Lösung Höhe "
    "Fläche Wörter Züge Kühlung Bücher Mühle Gärten Brücke Flüge Behörde Möbel Tür Küche Öffnung Fußweg",
    "fr": "forêt élève château fenêtre hôtel musée général âge théâtre médecin énergie système même année "
    "côté fête pièce lumière rivière problème géant naïf garçon leçon façade reçu",
    "zh": "港口 图书馆 发票 金额 铁路 窗户 车站 花园 村庄 机器 收据 频道 山脉 产品 存储 版本 警告 交通 设置",
    "ja": "図書館 請求書 電車 窓口 庭園 機械 案内 地図 時間 学校 病院 写真 料理 会社 予約 荷物 天気 新聞 旅行 切符",
}
_THEMES: Final = {
    "light": ("white", "#1a1a24"),
    "dark": ("#1e1f26", "#d8dae0"),
    "soft": ("#f3efe4", "#5a5348"),
    "blue": ("#10315c", "#ffe27a"),
}


type Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Word:
    """A word and where it is: left, top, right, bottom."""

    text: str
    box: Box


@dataclass(frozen=True, slots=True)
class Page:
    """A picture whose words are known.

    Args:
        name: what it shows, its size and that of its letters.
        script: of its words, a key of `WORDS`.
    """

    name: str
    script: str
    image: Image.Image
    words: list[Word]

    def within(self, box: Box) -> list[str]:
        """The words that lie in a box as a whole."""
        left, top, right, bottom = box
        return [
            word.text
            for word in self.words
            if left <= word.box[0] and top <= word.box[1] and word.box[2] <= right and word.box[3] <= bottom
        ]


@dataclass(slots=True)
class _Sheet:
    """A page that is drawn; it records every word and its place."""

    size: tuple[int, int]
    letters: int
    script: str
    theme: str
    font: str
    random: Random
    words: list[Word] = field(default_factory=list)
    image: Image.Image = field(init=False)
    draw: ImageDraw.ImageDraw = field(init=False)

    def __post_init__(self) -> None:
        self.image = Image.new("RGB", self.size, _THEMES[self.theme][0])
        self.draw = ImageDraw.Draw(self.image)

    def word(self) -> str:
        chosen = self.random.choice(WORDS[self.script].split())
        return str(self.random.randint(100, 9999)) if self.random.random() < 0.12 else chosen

    def put(self, at: tuple[float, float], text: str, colour: str | None = None) -> float:
        """Writes a word and returns where it ends."""
        font = _font("cjk" if self.script in {"zh", "ja"} else self.font, self.letters)
        self.draw.text(at, text, font=font, fill=colour or _THEMES[self.theme][1])
        end = at[0] + font.getlength(text)
        self.words.append(Word(text, (*at, end, at[1] + self.letters)))
        return end


@cache
def _font(name: str, letters: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_FONTS / _FILES[name], letters)


def _prose(sheet: _Sheet) -> None:
    width, height = sheet.size
    top = 16.0
    while top < height - 2 * sheet.letters:
        left = 16.0
        while left < width - 9 * sheet.letters:
            left = sheet.put((left, top), sheet.word()) + sheet.letters * 0.5
        top += sheet.letters * sheet.random.choice((1.6, 1.6, 1.6, 2.6))


def _code(sheet: _Sheet) -> None:
    colours = ("#c586c0", "#9cdcfe", "#ce9178", "#dcdcaa", "#6a9955")
    for number in range(int((sheet.size[1] - 20) / (sheet.letters * 1.5))):
        left = 20.0 + sheet.letters * 2 * sheet.random.randint(0, 4)
        for _ in range(sheet.random.randint(2, 6)):
            left = sheet.put((left, 10 + number * sheet.letters * 1.5), sheet.word(), sheet.random.choice(colours))
            left += sheet.letters


def _table(sheet: _Sheet) -> None:
    across, along = sheet.letters * 10, round(sheet.letters * 2.2)
    for left in range(10, sheet.size[0] - across, across):
        for top in range(10, sheet.size[1] - along, along):
            sheet.draw.rectangle((left, top, left + across, top + along), outline="#9a9aa8")
            sheet.put((left + 5, top + sheet.letters * 0.4), sheet.word())


def _chart(sheet: _Sheet) -> None:
    width, height = sheet.size
    sheet.draw.line((80, 20, 80, height - 60, width - 20, height - 60), fill="#555555", width=2)
    step = sheet.letters * 9
    for number, left in enumerate(range(100, width - step, step)):
        top = sheet.random.randint(60, height - 100)
        sheet.draw.rectangle((left, top, left + step // 2, height - 60), fill=("#4c78a8", "#f58518")[number % 2])
        sheet.put((left, height - 50), sheet.word())
        sheet.put((left, top - sheet.letters * 1.5), str(sheet.random.randint(100, 999)))
    for top in range(40, height - 80, sheet.letters * 4):
        sheet.put((10, top), str(sheet.random.randint(100, 999)))
        sheet.draw.line((80, top, width - 20, top), fill="#dddddd")


def _map(sheet: _Sheet) -> None:
    width, height = sheet.size
    for _ in range(14):
        corners = [(sheet.random.randint(0, width), sheet.random.randint(0, height)) for _ in range(5)]
        sheet.draw.polygon(corners, fill=sheet.random.choice(("#d5e8c8", "#f2e3c6", "#bcd9ee", "#e9e6df")))
    for _ in range(25):
        ends = [(sheet.random.randint(0, width), sheet.random.randint(0, height)) for _ in range(3)]
        sheet.draw.line(ends, fill=sheet.random.choice(("#ffffff", "#e8b05a", "#b8b8b8")), width=3)
    for top in range(20, height - 40, sheet.letters * 4):
        left = sheet.random.randint(10, 200)
        while left < width - sheet.letters * 10:
            left = round(sheet.put((left, top), sheet.word(), "#333333")) + sheet.random.randint(60, 300)


_KINDS: Final[dict[str, Callable[[_Sheet], None]]] = {
    "prose": _prose,
    "code": _code,
    "table": _table,
    "chart": _chart,
    "map": _map,
}
_PAGES: Final = (
    ("prose", 1280, 800, 9, "en", "light", "sans"),
    ("prose", 1440, 900, 12, "en", "soft", "serif"),
    ("prose", 1920, 1080, 9, "en", "light", "sans"),
    ("prose", 1920, 1080, 10, "en", "light", "narrow"),
    ("prose", 1920, 1080, 12, "de", "light", "sans"),
    ("prose", 1920, 1080, 12, "fr", "light", "sans"),
    ("prose", 1920, 1080, 14, "zh", "light", "cjk"),
    ("prose", 1920, 1080, 16, "ja", "dark", "cjk"),
    ("prose", 1920, 1080, 16, "en", "dark", "sans"),
    ("prose", 1920, 1080, 24, "en", "blue", "serif"),
    ("prose", 2048, 1536, 10, "en", "light", "sans"),
    ("prose", 2048, 1536, 14, "de", "soft", "serif"),
    ("prose", 1536, 2048, 12, "en", "light", "serif"),
    ("code", 1920, 1080, 11, "en", "dark", "mono"),
    ("code", 2048, 1280, 14, "en", "dark", "mono"),
    ("table", 1920, 1080, 10, "en", "light", "narrow"),
    ("table", 1920, 1080, 14, "de", "soft", "sans"),
    ("table", 1600, 1200, 12, "zh", "light", "cjk"),
    ("chart", 1600, 900, 10, "en", "light", "sans"),
    ("chart", 1920, 1080, 14, "en", "light", "sans"),
    ("chart", 2048, 1024, 12, "fr", "light", "sans"),
    ("map", 1920, 1080, 10, "en", "light", "sans"),
    ("map", 2048, 1536, 13, "de", "light", "narrow"),
    ("prose", 1080, 2048, 14, "en", "light", "sans"),
    ("prose", 1080, 4000, 16, "en", "light", "sans"),
    ("prose", 1080, 8000, 20, "en", "light", "sans"),
    ("table", 1080, 6000, 16, "de", "light", "sans"),
    ("prose", 720, 8000, 12, "en", "dark", "sans"),
)


def pages(kinds: str = "") -> list[Page]:
    """All pages whose name begins so."""
    drawn = []
    for number, (kind, width, height, letters, script, theme, font) in enumerate(_PAGES):
        name = f"{kind}, {width}x{height}, {letters} px, {script}, {theme}"
        if name.startswith(kinds):
            sheet = _Sheet((width, height), letters, script, theme, font, Random(number))  # noqa: S311 - no secret
            _KINDS[kind](sheet)
            drawn.append(Page(name, script, sheet.image, sheet.words))
    return drawn
