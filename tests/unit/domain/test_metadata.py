"""The copy in the metadata: 8 KB, ASCII, decodable by any URL decoder, and other programs' pairs unchanged."""

import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from describer.domain import metadata
from describer.domain.image_ref import ImageRef
from describer.domain.naming import sidecar_name
from describer.domain.record import Record
from describer.domain.texts import digest_of

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=3000)


def _record(**fields: Any) -> Record:
    source = {"container": "images", "name": "a.jpg", "etag": '"1"', "size": 1, "sha256": "0" * 64}
    base = {"status": "described", "language": "en", "source": source, "fingerprint": "f" * 16, "at": datetime.now(UTC)}
    return Record.model_validate(base | fields)


def _merged(others: dict[str, str], record: Record, sidecar: str = "images/a.jpg.json") -> dict[str, str]:
    pairs = metadata.merged(others, record, etag='"0x8D"', sidecar=sidecar)
    assert pairs is not None
    return pairs


@given(texts)
def test_a_value_is_printable_ascii_and_any_url_decoder_reads_it(text: str) -> None:
    encoded = metadata.encode(text)
    assert encoded.isascii() and encoded.isprintable()
    assert encoded == encoded.strip()
    assert unquote(encoded) == unquote_plus(encoded) == text


@given(texts, st.integers(20, 400))
def test_a_cut_text_fits_and_is_a_beginning(text: str, longest: int) -> None:
    cut = metadata.cut(text, longest)
    assert len(metadata.encode(cut)) <= longest
    assert text.startswith(cut.removesuffix("…"))


def test_a_long_text_is_cut_at_a_sentence() -> None:
    assert metadata.cut("A cat. A dog. A horse runs.", 16) == "A cat. A dog."
    assert metadata.cut("猫がいる。犬がいる。", 60) == "猫がいる。"
    assert metadata.cut("A very long sentence without an end", 26) == "A very long…"


@given(
    texts,
    texts,
    st.dictionaries(st.from_regex(r"[a-z]{1,20}", fullmatch=True), st.text("abc", max_size=900), max_size=8),
)
def test_all_pairs_fit_in_8_kb_and_others_stay(alt_text: str, description: str, others: dict[str, str]) -> None:
    record = _record(alt_text=alt_text, description=description)
    pairs = metadata.merged(others, record, etag='"0x8D"', sidecar="images/a.jpg.json")
    if pairs is None:
        assert sum(len(name) + len(value) for name, value in others.items()) > 7500
        return
    assert sum(len(name) + len(value) for name, value in pairs.items()) <= metadata.LIMIT
    ours = {"alt_text", "description"}
    assert {name: value for name, value in others.items() if name not in ours}.items() <= pairs.items()


def test_names_are_merged_without_regard_to_case() -> None:
    pairs = _merged({"Alt_Text": "old", "Description_Status": "failed", "Shelf": "7"}, _record(alt_text="new"))
    assert pairs["alt_text"] == "new"
    assert pairs["Shelf"] == "7"
    assert not {"Alt_Text", "Description_Status"} & pairs.keys()


def test_a_text_that_says_the_same_stays_to_the_letter() -> None:
    assert _merged({"alt_text": "Tom, 100%25 cat"}, _record(alt_text="Tom, 100% cat"))["alt_text"] == "Tom, 100%25 cat"


def test_decoders_of_forms_and_of_urls_read_the_same_from_every_pair() -> None:
    record = _record(alt_text="C++, +49 30", model="a+b", language="de", at=datetime(2026, 11, 28, 21, 43, tzinfo=UTC))
    pairs = _merged({}, record, sidecar="images/1+1.jpg.json")
    assert {name: unquote_plus(value) for name, value in pairs.items()} == {
        name: unquote(value) for name, value in pairs.items()
    }
    assert pairs["description_at"] == "2026-11-28T21:43:00Z"
    assert unquote_plus(pairs["alt_text"]) == "C++, +49 30"


def test_what_can_be_read_in_a_portal_can_still_be_read() -> None:
    assert metadata.encode("A cat on a sofa: grey & white, 3/4 asleep.") == "A cat on a sofa: grey & white, 3/4 asleep."


@pytest.mark.parametrize("text", ["C++, +49", "Käse + Brot", "100% + 1"])
def test_a_value_that_an_earlier_version_wrote_is_read_as_it_was_meant(text: str) -> None:
    earlier = metadata.encode(text).replace("%2B", "+")
    assert metadata.decode(earlier) == text
    copy = metadata.read({"alt_text": earlier, "description_digests": f"alt_text:model:{digest_of(text)}"})
    assert digest_of(copy.values["alt_text"]) == copy.written["alt_text"][1]


def test_a_models_plus_sign_is_encoded_again_and_a_persons_stays_unchanged() -> None:
    model = _merged({"alt_text": "1+1"}, _record(alt_text="1+1", provenance={"alt_text": {"origin": "model"}}))
    person = _merged({"alt_text": "1+1"}, _record(alt_text="1+1", provenance={"alt_text": {"origin": "human"}}))
    assert (model["alt_text"], person["alt_text"]) == ("1%2B1", "1+1")


def test_full_metadata_is_left_alone() -> None:
    assert metadata.merged({"theirs": "x" * 8000}, _record(alt_text="A cat"), etag='"1"', sidecar="s") is None


def test_a_persons_text_is_never_dropped_to_make_room_for_ours() -> None:
    human = {"description": {"origin": "human"}}
    record = _record(alt_text="A cat", description="Tom " * 200, provenance=human)
    others = {"description": "Tom " * 200, "theirs": "x" * 7150}
    assert metadata.merged(others, record, etag='"1"', sidecar="s") is None


@pytest.mark.parametrize("value", ["K\xe4se", "K\udce4se", "K\udcc3\udca4se", "K%C3%A4se"])
def test_a_text_in_other_bytes_than_ascii_is_read_and_written_back_in_ascii(value: str) -> None:
    """Latin-1 arrives with the bytes that are no UTF-8 escaped."""
    assert metadata.decode(value) == "K\xe4se"
    human = {"alt_text": {"origin": "human"}}
    pairs = _merged({"alt_text": value}, _record(alt_text="K\xe4se", provenance=human))
    assert pairs["alt_text"] == "K%C3%A4se"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Rebajas 50%de descuento", "Rebajas 50%de descuento"),
        ("100% cotton", "100% cotton"),
        ("100%", "100%"),
        ("50%25 off", "50% off"),
        ("50%20off and 10% more", "50%20off and 10% more"),
        ("K%C3%A4se", "K\xe4se"),
        ("K%c3%a4se", "K\xe4se"),
        ("K%E4se", "K%E4se"),
        ("My%20cat%2C%20Tom", "My cat, Tom"),
        ("My%20cat,%20K%C3%A4se!", "My cat, K\xe4se!"),
        ("https://example.org/a%20b?c=%C3%A4", "https://example.org/a b?c=\xe4"),
        ("a%00b", "a\x00b"),
        ("%E2%82", "%E2%82"),
        ("%", "%"),
        ("", ""),
    ],
)
def test_a_value_is_decoded_only_if_it_was_encoded(value: str, expected: str) -> None:
    assert metadata.decode(value) == expected


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30))
def test_reading_loses_nothing_that_could_not_be_written_back(value: str) -> None:
    """A value is read to the letter, or as what an encoder makes it of again."""
    text = metadata.decode(value)
    assert text == value or "\ufffd" not in text
    assert metadata.decode(metadata.encode(text)) == text


def test_the_digests_show_who_wrote_each_text() -> None:
    human = {"description": {"origin": "human"}}
    pairs = _merged({}, _record(alt_text="A cat", description="Tom", provenance=human))
    copy = metadata.read({name.capitalize(): value for name, value in pairs.items()})
    assert copy.written == {
        "alt_text": ("model", digest_of("A cat")),
        "description": ("human", digest_of("Tom")),
        "description_review": ("model", digest_of("suggested")),
    }
    assert (copy.marked, copy.language, copy.sha256, copy.record) == (True, "en", "0" * 64, "0x8D")


def test_a_text_that_found_no_room_was_not_written_and_so_not_removed() -> None:
    pairs = _merged({"theirs": "x" * 7000}, _record(alt_text="A cat", description="Tom " * 200))
    assert "description" not in pairs
    assert "description" not in metadata.read(pairs).written


def test_where_other_peoples_pairs_cannot_be_written_back_as_they_are_nothing_is_written() -> None:
    assert metadata.merged({"theirs": "K\udce4se"}, _record(alt_text="A cat"), etag='"1"', sidecar="s") is None


def test_a_sidecars_name_that_does_not_fit_is_left_out() -> None:
    pairs = _merged({}, _record(alt_text="A cat"), sidecar="images/" + "猫" * 1000 + ".json")
    assert "description_sidecar" not in pairs
    assert pairs["alt_text"] == "A cat"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.jpg", "images/a.jpg.json"),
        (".hidden/ü #%?.jpg", "images/.hidden/ü #%?.jpg.json"),
        ("x" * 1012, "images/" + "x" * 1012 + ".json"),
    ],
)
def test_a_sidecar_is_named_after_its_picture(name: str, expected: str) -> None:
    assert sidecar_name(ImageRef("images", name)) == expected


def test_deep_names_are_cut_and_stay_apart() -> None:
    """Azure's limit is one of segments too, and the container's name adds one."""
    fits, deep = "/".join("a" * 60), "/".join("a" * 254)
    assert sidecar_name(ImageRef("images", fits)) == f"images/{fits}.json"
    names = {sidecar_name(ImageRef("images", f"{deep}{last}")) for last in ("", "b")}
    assert len(names) == 2
    assert {name.count("/") for name in names} == {60}
    assert all(name.startswith(f"images/{fits}~") for name in names)


def test_long_names_are_cut_and_stay_apart() -> None:
    names = {sidecar_name(ImageRef("images", "x" * 1023 + last)) for last in "ab"}
    assert len(names) == 2
    assert {len(name) for name in names} == {1024}


def _cut_letter_by_letter(text: str, longest: int) -> str:
    """What `cut` promises, said as plainly as possible."""
    if len(metadata.encode(text)) <= longest:
        return text
    ends = [end for end in range(len(text), 0, -1) if _ends_a_sentence(text, end)]
    for end in ends:
        if len(metadata.encode(text[:end])) <= longest:
            return text[:end]
    while text and len(metadata.encode(f"{text}…")) > longest:
        text = text[:-1]
    head, blank, _ = text.rpartition(" ")
    return f"{head if blank else text}…" if text else ""


def _ends_a_sentence(text: str, end: int) -> bool:
    last, following = text[end - 1], text[end : end + 1]
    return last in "。！？" or (last in ".!?…" and (not following or following.isspace()))  # noqa: RUF001


@given(st.text(alphabet="ab .!?…。%é猫🐈\n", max_size=60), st.integers(0, 90))
def test_a_text_is_cut_where_it_says(text: str, longest: int) -> None:
    assert metadata.cut(text, longest) == _cut_letter_by_letter(text, longest)


@pytest.mark.parametrize("unit", ["a grey cat on a sofa and ", "แมวนั่งอยู่บนโซฟาสีเทา ", "A grey cat sleeps in the sun. "])
def test_a_long_text_is_cut_in_no_time(unit: str) -> None:
    """It is cut on the event loop; letter by letter, 24,000 letters took up to 18 s."""
    text = (unit * 4000)[:96_000]
    started = time.process_time()
    assert metadata.cut(text, 3000)
    assert time.process_time() - started < 1
