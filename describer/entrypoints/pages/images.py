"""Finds the images of a page without a text, with their offsets, so that every other byte of the page can stay.

HTML is parsed by Python's own parser, which handles scripts, comments and attributes without quotes. Markdown is parsed
by markdown-it as CommonMark with tables; code contains no images. HTML in Markdown is searched too. In MDX, elements
with expressions in braces are skipped, because an expression may give a text.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from html import escape
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urljoin

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

MDX: Final = ".mdx"
MARKDOWN: Final = frozenset({".md", ".markdown", MDX})
SUFFIXES: Final = frozenset({".html", ".htm", ".xhtml"}) | MARKDOWN
_VOID: Final = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
_TEXT: Final = frozenset({"textarea", "title", "xmp", "noembed", "noframes", "iframe"})
"""Elements whose content is always text; older versions of the parser treat it as markup."""
_MARKDOWN_SPECIAL: Final = re.compile(r"([\\\[\]`*_<>!&{}])")
_MDX_COMMENT: Final = re.compile(r"\{\s*/\*.*?\*/\s*\}", re.DOTALL)
_LAZY: Final = ("data-src", "data-lazy-src", "data-original", "data-srcset", "data-lazy-srcset")
"""Attributes from which scripts load an image later; `src` is then a placeholder."""


@dataclass(frozen=True, slots=True)
class Gap:
    """An image without a text.

    Args:
        source: its address as in the page, with its `<base>` applied.
        line: its line in the page, from 1.
        at: offset in the page at which to insert its text.
        language: language of the page around it by `lang`; empty if unknown, and in Markdown.
        is_html: whether it is an `<img>`.
    """

    source: str
    line: int
    at: int
    language: str
    is_html: bool

    def filled(self, text: str, language: str = "", *, ascii_only: bool = False) -> str:
        """Return the string to insert.

        Args:
            text: the alt text; empty if the image is decorative.
            language: language of the text, if it differs from the page's.
            ascii_only: whether to write only ASCII because the page's encoding is unknown.
        """
        if not self.is_html:
            return _MARKDOWN_SPECIAL.sub(r"\\\1", " ".join(text.split()))
        lang = f' lang="{escape(language)}"' if language else ""
        put = f' alt="{escape(text)}"{lang}'
        return put.encode("ascii", "xmlcharrefreplace").decode() if ascii_only else put


def gaps(page: str, suffix: str) -> list[Gap]:
    """Return the images of a page without a text, in order; `suffix` is the suffix of the file's name."""
    found = _in_markdown(page, is_mdx=suffix.lower() == MDX) if suffix.lower() in MARKDOWN else _in_html(page)
    return sorted(found, key=lambda gap: gap.at)


def _in_html(page: str, *, start: int = 0, language: str = "") -> list[Gap]:
    parser = _Images(page, start, language)
    parser.feed(page[start:])
    parser.close()
    return [replace(gap, source=_joined(parser.base, gap.source)) for gap in parser.found]


def _joined(base: str, source: str) -> str:
    with suppress(ValueError):
        return urljoin(base, source)
    return source


class _Images(HTMLParser):
    """Collects `<img>` elements without `alt`, with the language around each."""

    def __init__(self, page: str, start: int, language: str) -> None:
        super().__init__()
        self.found: list[Gap] = []
        self.base = ""
        self._start, self._before = start, page.count("\n", 0, start)
        self._lines = _line_starts(page[start:])
        self._open: list[tuple[str, str]] = [("", language)]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect an image, or the language of an element."""
        given = {name: value or "" for name, value in reversed(attrs)}  # of two attributes the first counts
        language = given.get("lang", given.get("xml:lang", self._open[-1][1]))
        if tag == "base":
            self.base = self.base or given.get("href", "").strip()
        source = _source(given)
        if tag == "img" and source and not _is_said(given) and not self._is_text:
            line, column = self.getpos()
            at = self._start + self._lines[line - 1] + column + len("<img")
            self.found.append(Gap(source, self._before + line, at, language, is_html=True))
        if tag not in _VOID:
            self._open.append((tag, language))

    @property
    def _is_text(self) -> bool:
        return any(tag in _TEXT for tag, _ in self._open)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Handle `<img/>`, and elements that browsers leave open despite the slash."""
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element of this name and the open elements in it."""
        for depth in range(len(self._open) - 1, 0, -1):
            if self._open[depth][0] == tag:
                del self._open[depth:]
                return


def _source(attributes: Mapping[str, str]) -> str:
    """Return the address of an image that is shown; empty if there is none."""
    lazy = next((attributes[name] for name in _LAZY if attributes.get(name, "").strip()), "")
    given = lazy or attributes.get("src", "").strip() or attributes.get("srcset", "")
    is_set = given in {attributes.get(name) for name in ("srcset", "data-srcset", "data-lazy-srcset")}
    return (given.split() or [""])[0].rstrip(",") if is_set else given.strip()


def _is_said(attributes: Mapping[str, str]) -> bool:
    """Return whether the page says what the image is for, or might say so by an expression in braces."""
    decorative = attributes.get("role", "").strip().lower() in {"presentation", "none"}
    return "alt" in attributes or decorative or any("{" in text for pair in attributes.items() for text in pair)


@dataclass(frozen=True, slots=True)
class _Marked:
    """An image or a piece of HTML in a block's text, with its start, its end and the image's address."""

    start: int
    end: int
    source: str = ""


def _in_markdown(page: str, *, is_mdx: bool) -> list[Gap]:
    plain = re.sub(r"\r\n?", lambda found: "\n" if len(found[0]) == 1 else " \n", page)  # of the same length
    if is_mdx:
        plain = _MDX_COMMENT.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), plain)
    starts, found, environment = _line_starts(plain), list[Gap](), dict[str, object]()
    parser = _markdown().disable("code") if is_mdx else _markdown()  # MDX has no code by indentation
    for token in parser.parse(plain, environment):
        if token.map is None:
            continue
        begin = starts[token.map[0]]
        end = starts[token.map[1]] if token.map[1] < len(starts) else len(plain)
        if token.type == "html_block":
            found += _in_html(plain[:end], start=begin)
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
    """Return the offset in the page of each character of a block's text, whose lines lack only the block's markers."""
    places, at = list[int | None](), begin
    for line in content.split("\n"):
        found = page.find(line, at, end) if line else at
        places += [None] * (len(line) + 1) if found < 0 else range(found, found + len(line) + 1)
        at = at if found < 0 else found + len(line)
    return places


def _markdown() -> MarkdownIt:
    """A parser that also records the positions of images and HTML in a block's text."""
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
    """Parse each block's text and store the recorded positions with it."""
    tokens, environment, parser = state.tokens, state.env, state.md  # type: ignore[attr-defined]
    for token in tokens:
        if token.type == "inline":
            environment[_MARKS] = []
            token.children = token.children or []
            parser.inline.parse(token.content, parser, environment, token.children)
            # An image's own text is parsed as a separate block; its positions are not those in the page.
            token.meta["marked"] = [marked for text, marked in environment[_MARKS] if text == token.content]


def _line_starts(page: str) -> list[int]:
    return [0, *(found.end() for found in re.finditer("\n", page))]
