"""Which language a text is in."""

import pytest

from describer.vision.quality.detector import another_language

SENTENCES = {
    "en": "A brown dog runs across a wet field.",
    "de": "Ein brauner Hund rennt über ein nasses Feld.",
    "fr": "Un chien brun court dans un champ mouillé.",
    "es": "Un perro marrón corre por un campo mojado.",
    "it": "Un cane marrone corre in un campo bagnato.",
    "nl": "Een bruine hond rent over een nat veld.",
    "pt-BR": "Um cachorro marrom corre por um campo molhado.",
    "pl": "Brązowy pies biegnie po mokrym polu.",
    "sv": "En brun hund springer över ett vått fält.",
    "tr": "Kahverengi bir köpek ıslak bir tarlada koşuyor.",  # noqa: RUF001
    "ru": "Коричневая собака бежит по мокрому полю.",
    "ar": "كلب بني يركض في حقل مبلل.",
    "hi": "एक भूरा कुत्ता गीले मैदान में दौड़ता है।",
    "ja": "茶色い犬が濡れた野原を走っている。",
    "zh-Hans": "一只棕色的狗在湿漉漉的田野上奔跑。",
    "ko": "갈색 개가 젖은 들판을 달린다.",
}


@pytest.mark.parametrize("language", SENTENCES)
def test_a_sentence_is_distinguished_from_those_in_other_languages(language: str) -> None:
    assert another_language(SENTENCES[language], language) == ""
    for other, sentence in SENTENCES.items():
        if other != language and {other, language} != {"es", "pt-BR"}:
            assert another_language(sentence, language), (language, other)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Red car."),
        ("en", "Spaghetti alla carbonara on a plate"),
        ("en", "Taj Mahal"),
        ("de", "Hamburger mit Pommes frites"),
        ("fr", "Un smartphone Samsung Galaxy"),
        ("nl", "Water en wind"),
        ("it", "Una moto Ducati"),
        ("ja", "東京都庁舎"),
        ("en", "A board that says « Défense de fumer dans tout le bâtiment »."),
    ],
)
def test_for_names_and_short_texts_there_is_no_verdict(language: str, text: str) -> None:
    assert another_language(text, language) == ""


def test_what_is_legible_in_the_picture_does_not_count() -> None:
    text = "Zimmer frei Bitte klingeln Sie an der Tür im Hof"
    assert another_language(text, "en") == "de"
    assert another_language(text, "en", seen=text) == ""
