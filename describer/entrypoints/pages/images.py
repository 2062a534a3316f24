"""Finds the images of a page that have no text. Parsers tell where they are; every other byte of the page stays.

HTML is read by Python's own parser, which knows scripts, comments and attributes without quotes. Markdown is read by
markdown-it, as CommonMark with tables: what stands in code is none. HTML in Markdown is looked at too.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

MARKDOWN: Final = frozenset({".md", ".markdown"})
SUFFIXES: Final = frozenset({".html", ".htm", ".xhtml"}) | MARKDOWN
_VOID: Final = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
_TEXT: Final = frozenset({"textarea", "title", "xmp", "noembed", "noframes", "iframe"})
"""Elements whose content is text, whatever it looks like; older versions of the parser do not know that."""
_MARKDOWN_SPECIAL: Final = re.compile(r"([\\\[\]`*_<>!&])")


@dataclass(frozen=True, slots=True)
class Gap:
    """An image without a text.

    Args:
        source: its address, as the page has it.
        line: of the page, from 1.
        at: where its text is put, an offset into the page.
        language: of the page around it, as its `lang` says; empty if nothing says it, and in Markdown.
        is_html: whether it is an `<img>`.
    """

    source: str
    line: int
    at: int
    language: str
    is_html: bool

    def filled(self, text: str, language: str = "", *, ascii_only: bool = False) -> str:
        """Return what is put there.

        Args:
            text: empty if the image is decorative.
            language: of the text, where it is another than the page's.
            ascii_only: the page is in an encoding that is not known.
        """
        if not self.is_html:
            return _MARKDOWN_SPECIAL.sub(r"\\\1", " ".join(text.split()))
        lang = f' lang="{escape(language)}"' if language else ""
        put = f' alt="{escape(text)}"{lang}'
        return put.encode("ascii", "xmlcharrefreplace").decode() if ascii_only else put


def gaps(page: str, suffix: str) -> list[Gap]:
    """Return the images of a page that have no text, in order; `suffix` is that of the file's name."""
    found = _in_markdown(page) if suffix.lower() in MARKDOWN else _in_html(page)
    return sorted(found, key=lambda gap: gap.at)


def _in_html(page: str, *, start: int = 0, language: str = "") -> list[Gap]:
    parser = _Images(page, start, language)
    parser.feed(page[start:])
    parser.close()
    return parser.found


class _Images(HTMLParser):
    """Collects `<img>` without an `alt`, and the language around each."""

    def __init__(self, page: str, start: int, language: str) -> None:
        super().__init__()
        self.found: list[Gap] = []
        self._start, self._before = start, page.count("\n", 0, start)
        self._lines = _line_starts(page[start:])
        self._open: list[tuple[str, str]] = [("", language)]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of images and languages."""
        given = {name: value or "" for name, value in reversed(attrs)}  # the first of two counts
        language = given.get("lang", given.get("xml:lang", self._open[-1][1]))
        if tag == "img" and "alt" not in given and not self._is_text and (given.get("src") or given.get("srcset")):
            source = given.get("src") or given["srcset"].split()[0]
            line, column = self.getpos()
            at = self._start + self._lines[line - 1] + column + len("<img")
            self.found.append(Gap(source.strip(), self._before + line, at, language, is_html=True))
        if tag not in _VOID:
            self._open.append((tag, language))

    @property
    def _is_text(self) -> bool:
        return any(tag in _TEXT for tag, _ in self._open)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """`<img/>`, and elements that browsers leave open although a slash closes them."""
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        """Leave the innermost element of this name, and what was left open in it."""
        for depth in range(len(self._open) - 1, 0, -1):
            if self._open[depth][0] == tag:
                del self._open[depth:]
                return


@dataclass(frozen=True, slots=True)
class _Marked:
    """An image, or a piece of HTML, in the text of a block: from where to where, and the image's address."""

    start: int
    end: int
    source: str = ""


def _in_markdown(page: str) -> list[Gap]:
    plain = re.sub(r"\r\n?", lambda found: "\n" if len(found[0]) == 1 else " \n", page)  # of the same length
    starts, found, environment = _line_starts(plain), list[Gap](), dict[str, object]()
    for token in _markdown().parse(plain, environment):
        if token.map is None:
            continue
        begin = starts[token.map[0]]
        end = starts[token.map[1]] if token.map[1] < len(starts) else len(plain)
        if token.type == "html_block":
            found += _in_html(page[:end], start=begin)
        elif token.type == "inline":
            found += _in_block(plain, token, begin, end)
    return list({gap.at: gap for gap in found}.values())


def _in_block(page: str, token: Token, begin: int, end: int) -> Iterator[Gap]:
    places = _places(page, token.content, begin, end)
    for marked in token.meta.get("marked", ()):
        at = places[marked.start]
        if at is None or page[at] != token.content[marked.start]:
            continue
        if marked.source:
            yield Gap(marked.source, page.count("\n", 0, at) + 1, at + len("!["), "", is_html=False)
        else:
            yield from _in_html(page[: at + marked.end - marked.start], start=at)


def _places(page: str, content: str, begin: int, end: int) -> list[int | None]:
    """Where each character of a block's text is in the page: its lines lack only what marks the block."""
    places, at = list[int | None](), begin
    for line in content.split("\n"):
        found = page.find(line, at, end) if line else at
        places += [None] * (len(line) + 1) if found < 0 else range(found, found + len(line) + 1)
        at = at if found < 0 else found + len(line)
    return places


def _markdown() -> MarkdownIt:
    """A parser that also says where in a block's text its images and pieces of HTML are."""
    parser = MarkdownIt("commonmark").enable("table")
    rules = {rule.name: rule.fn for rule in parser.inline.ruler.__rules__}

    def image(state: StateInline, silent: bool) -> bool:
        start = state.pos
        done = rules["image"](state, silent)
        if done and not silent:
            token = state.tokens[-1]
            if not token.content.strip():
                _mark(state, _Marked(start, state.pos, str(token.attrs.get("src", ""))))
        return done

    def html(state: StateInline, silent: bool) -> bool:
        start = state.pos
        done = rules["html_inline"](state, silent)
        if done and not silent:
            _mark(state, _Marked(start, state.pos))
        return done

    parser.inline.ruler.at("image", image)
    parser.inline.ruler.at("html_inline", html)
    parser.core.ruler.at("inline", _inline)
    return parser


_MARKS: Final = "describer_marked"


def _mark(state: StateInline, marked: _Marked) -> None:
    state.env.setdefault(_MARKS, []).append((state.src, marked))


def _inline(state: object) -> None:
    """Parse each block's text, and keep with it what was marked."""
    tokens, environment, parser = state.tokens, state.env, state.md  # type: ignore[attr-defined]
    for token in tokens:
        if token.type == "inline":
            environment[_MARKS] = []
            token.children = token.children or []
            parser.inline.parse(token.content, parser, environment, token.children)
            # An image's own text is parsed too, as a block of its own: its places are not those of the page.
            token.meta["marked"] = [marked for text, marked in environment[_MARKS] if text == token.content]


def _line_starts(page: str) -> list[int]:
    return [0, *(found.end() for found in re.finditer("\n", page))]
