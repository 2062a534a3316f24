"""How the checks look at a text: without quotes, sentence by sentence, in one spelling of apostrophes and blanks."""

import re
from typing import Final

# What is quoted is in the picture, in the picture's own words and language.
_QUOTED: Final = re.compile(
    r"\"[^\"\n]{1,400}\"|“[^”\n]{1,400}”|„[^“”\n]{1,400}[“”]|«[^»\n]{1,400}»|»[^«\n]{1,400}«|「[^」\n]{1,400}」"
    r"|『[^』\n]{1,400}』|《[^》\n]{1,400}》|‘[^’\n]{1,400}’(?!\w)|(?<!\w)'[^'\n]{1,400}'(?!\w)"
)
_ABBREVIATED: Final = "".join(
    rf"(?<!\b{title}\.)"
    for title in ("Dr", "Mr", "Mrs", "Ms", "St", "Prof", "Sr", "Sra", "Dra", "Sig", "Ing", "M", "J")
)
_ENDS: Final = re.compile(rf"(?<=[.!?]){_ABBREVIATED}[\"'”»)]?\s+|(?<=[。!?])|\n+", re.IGNORECASE)
_BLANKS: Final = re.compile(r"\s+")
_WORDS: Final = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_APOSTROPHES: Final = str.maketrans(
    {"\u2019": "'", "\u02bc": "'", "\uff0c": ",", "\uff1a": ":", "\uff01": "!", "\uff1f": "?"}
)


def plain(text: str) -> str:
    """The text with one kind of apostrophe and blank."""
    return _BLANKS.sub(" ", text.translate(_APOSTROPHES)).strip()


def unquoted(text: str) -> str:
    """The text without what stands in quotes."""
    return plain(_QUOTED.sub(" … ", text))


def sentences(text: str) -> list[str]:
    """The sentences outside of quotes; what stands behind a colon counts as one too."""
    return [plain(part) for part in _ENDS.split(_QUOTED.sub(" … ", text)) if part and part.strip()]


def words(text: str) -> list[str]:
    """The words, without regard to case."""
    return [word.casefold() for word in _WORDS.findall(text)]
