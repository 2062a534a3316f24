"""Normalizes texts for the checks: removes quotations, splits sentences, unifies apostrophes and spaces."""

import re
from typing import Final

# Quoted text is the picture's own wording, in the picture's language.
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
    """Return the text with uniform apostrophes and spaces."""
    return _BLANKS.sub(" ", text.translate(_APOSTROPHES)).strip()


def unquoted(text: str) -> str:
    """Return the text without quotations."""
    return plain(_QUOTED.sub(" … ", text))


def sentences(text: str) -> list[str]:
    """Return the sentences outside of quotations; text after a colon counts as one too."""
    return [plain(part) for part in _ENDS.split(_QUOTED.sub(" … ", text)) if part and part.strip()]


def words(text: str) -> list[str]:
    """Return the words in lower case."""
    return [word.casefold() for word in _WORDS.findall(text)]
