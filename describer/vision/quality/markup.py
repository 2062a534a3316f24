"""Removes Markdown, HTML, addresses, emoji and surrounding quotes from texts."""

import html
import re
from typing import Final

_ELEMENTS: Final = (
    "a|abbr|address|area|article|aside|audio|b|base|big|blockquote|body|br|button|canvas|caption|center|cite|code|col|dd|del|"
    "details|div|dl|dt|em|embed|fieldset|figcaption|figure|font|footer|form|frame|h[1-6]|head|header|hr|html|i|iframe|img|input|"
    "ins|kbd|label|legend|li|link|main|mark|marquee|math|meta|nav|noscript|object|ol|option|p|param|picture|pre|q|s|samp|script|"
    "section|select|small|source|span|strike|strong|style|sub|summary|sup|svg|table|tbody|td|template|textarea|tfoot|th|thead|"
    "time|title|tr|tt|u|ul|var|video"
)
_TAG: Final = re.compile(
    rf"<!--.*?-->|<(?:{_ELEMENTS})(?:\s[^<>]*|/)?/?>|</[A-Za-z][\w-]*\s*>|<[!?][A-Za-z][^>]*>",
    re.DOTALL | re.IGNORECASE,
)
_PAIR: Final = re.compile(r"<([A-Za-z][\w-]*)(?:\s[^<>]*)?>(.*?)</\1\s*>", re.DOTALL)
_SCRIPT: Final = re.compile(r"<(script|style)\b.*?(</\1\s*>|$)", re.DOTALL | re.IGNORECASE)
_FENCE: Final = re.compile(r"```\w*|~~~\w*")
_LINK: Final = re.compile(r"!?\[([^\]\n]{0,300})\]\((?:[^()\n]|\([^()\n]*\))*\)")
_EMPHASIS: Final = re.compile(
    r"(?<![\w*])(\*{1,3})(?=\S)(.{1,300}?)(?<=\S)\1(?![\w*])|(?<!\w)(_{1,3})(?=\S)(.{1,300}?)(?<=\S)\3(?!\w)"
)
_CODE: Final = re.compile(r"(`+)([^`\n]+)\1")
_STRUCK: Final = re.compile(r"~~(?=\S)(.+?)~~")
_HEADING: Final = re.compile(r"^[ \t]{0,3}(?:#{1,6}[ \t]+|>[ \t]?|[-*+][ \t]+(?!\d)|={3,}$|-{3,}$)", re.MULTILINE)
_ADDRESS: Final = re.compile(
    r"[(<\[]?\b(?:(?:https?|ftp|file|javascript|data|vbscript):(?://)?|mailto:|www\.)[^\s<>\"'“”»)\]]+[)>\]]?",
    re.IGNORECASE,
)
_EMOJI: Final = re.compile(
    "(?:[\U0001f000-\U0001faff\u231a\u231b\u23e9-\u23f3\u25fd\u25fe\u2614\u2615\u2648-\u2653\u267f\u2693\u26a1"
    "\u26aa\u26ab\u26bd\u26be\u26c4\u26c5\u26ce\u26d4\u26ea\u26f2\u26f3\u26f5\u26fa\u26fd\u2705\u270a\u270b\u2728\u274c"
    "\u274e\u2753-\u2755\u2757\u2795-\u2797\u27b0\u27bf\u2b1b\u2b1c\u2b50\u2b55]|[\u00a9\u00ae\u203c-\u3299]\ufe0f)"
    "[\ufe0f\u200d\u2640\u2642]*|\ufe0f?\u20e3"
)
"""Default pictographs (Unicode's Emoji_Presentation), characters with an emoji selector, and joiners."""
_QUOTES: Final = {'"': '"', "'": "'", "“": "”", "„": "“", "«": "»", "»": "«", "「": "」", "`": "`", "‘": "’"}
_BLANKS: Final = re.compile(r"[ \t]{2,}")
_BEFORE_SIGN: Final = re.compile(r"[ \t]+(?=[.,;](?:\s|$))")
_ROUNDS: Final = 4
"""Maximum levels of escaped markup to remove."""


def without_markup(text: str) -> str:
    """Return the text without HTML and Markdown, and with entities decoded."""
    for _ in range(_ROUNDS):
        before, text = text, html.unescape(_TAG.sub("", _PAIR.sub(r"\2", _SCRIPT.sub("", text))))
        if text == before:
            break
    text = _LINK.sub(r"\1", _FENCE.sub("", text))
    text = _CODE.sub(r"\2", _STRUCK.sub(r"\1", text))
    text = _EMPHASIS.sub(lambda found: found[2] or found[4], _EMPHASIS.sub(lambda found: found[2] or found[4], text))
    return tidy(_HEADING.sub("", text))


def without_addresses(text: str) -> str:
    """Return the text without addresses that a program would open; a bare `example.org` on a sign stays."""
    return _tidied_if_changed(text, _ADDRESS.sub("", text))


def without_emoji(text: str) -> str:
    """Return the text without pictographs; arrows, check marks and currency signs in plain form stay."""
    return _tidied_if_changed(text, _EMOJI.sub("", text))


def without_wrapping_quotes(text: str) -> str:
    """Return the text without one pair of quotes around the whole."""
    inner = text.strip()
    if len(inner) > 2 and _QUOTES.get(inner[0]) == inner[-1] and not {inner[0], inner[-1]} & set(inner[1:-1]):
        return inner[1:-1].strip()
    return text


def on_one_line(text: str) -> str:
    """Return the text with line breaks replaced by spaces."""
    return re.sub(r"\s*\n\s*", " ", text).strip() if "\n" in text else text


def tidy(text: str) -> str:
    """Return the text without superfluous spaces left by a removal."""
    return _BEFORE_SIGN.sub("", _BLANKS.sub(" ", text)).strip()


def _tidied_if_changed(before: str, after: str) -> str:
    return before if after == before else tidy(after)
