"""Drawings: their authors' words, and nothing from elsewhere."""

import pytest

from describer.domain.embedded import EmbeddedTexts
from describer.vision.embedded_text.read import embedded_texts

EXTERNAL = '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">'
INTERNAL = '<!DOCTYPE svg [<!ATTLIST svg aria-label CDATA "Not the author\'s">]>'
ENTITY = '<!DOCTYPE svg [<!ENTITY ns "http://www.w3.org/2000/svg">]>'


def drawing(inner: str, attributes: str = "", before: str = "") -> EmbeddedTexts:
    svg = f'{before}<svg xmlns="http://www.w3.org/2000/svg" {attributes}>{inner}</svg>'
    return embedded_texts(svg.encode())


@pytest.mark.parametrize(
    ("inner", "attributes", "alt_text", "extended"),
    [
        ("<title>A mill</title>", "", {"x-default": "A mill"}, {}),
        (
            "<title>A mill</title><desc>Its wheel\n rests.</desc>",
            "",
            {"x-default": "A mill"},
            {"x-default": "Its wheel rests."},
        ),
        ("<desc>Its wheel rests.</desc>", "", {"x-default": "Its wheel rests."}, {}),
        ("<title>Logo</title>", 'aria-label="A mill"', {"x-default": "A mill"}, {}),
        (
            '<title>Logo</title><g><text id="a">A mill</text><text id="b">at rest</text></g>',
            'aria-label="Label" aria-labelledby="a b none"',
            {"x-default": "A mill at rest"},
            {},
        ),
        (
            "<title lang='de'>Eine Mühle</title><title lang='en'>A mill</title>",
            "",
            {"de": "Eine Mühle", "en": "A mill"},
            {},
        ),
        ("<title>Eine Mühle</title>", "xml:lang='de'", {"de": "Eine Mühle"}, {}),
        ("<g><title>A tooltip of a part</title></g>", "", {}, {}),
        ("<title>Artboard 1</title><desc>Created with Sketch.</desc>", "", {}, {}),
    ],
)
def test_words_of_the_root(inner: str, attributes: str, alt_text: dict[str, str], extended: dict[str, str]) -> None:
    texts = drawing(inner, attributes)
    assert (texts.alt_text, texts.extended_description) == (alt_text, extended)


def test_an_external_doctype_is_passed_over() -> None:
    before = f'<?xml version="1.0"?>\n<!-- Generator: a program -->\n{EXTERNAL}'
    assert drawing("<title>A mill</title>", before=before).alt_text == {"x-default": "A mill"}


@pytest.mark.parametrize("before", [INTERNAL, ENTITY, EXTERNAL.replace(">", f" [{ENTITY[15:-2]}]>")])
def test_declarations_of_its_own_yield_no_text(before: str) -> None:
    assert drawing("<title>A mill</title>", before=before) == EmbeddedTexts()


@pytest.mark.parametrize("inner", ["<title>A mill", "<title>&nbsp;</title>", "<g/>" * 30_000 + "<title>A mill</title>"])
def test_what_is_broken_or_large_yields_no_text(inner: str) -> None:
    assert drawing(inner) == EmbeddedTexts()


def test_a_page_with_a_drawing_in_it_is_none() -> None:
    page = b'<html><svg xmlns="http://www.w3.org/2000/svg"><title>A mill</title></svg></html>'
    assert embedded_texts(page) == EmbeddedTexts()
