"""Rules on the language of a text."""

from describer.vision.brief import Brief
from describer.vision.quality import detector
from describer.vision.quality.draft import Draft, Finding, rule
from describer.vision.quality.wording import words


@rule("language")
def language(draft: Draft, _brief: Brief) -> Finding | None:
    """Find texts in another language than the requested one."""
    for text in draft.fields.values():
        if other := detector.another_language(text, draft.language, seen=draft.description.visible_text):
            return Finding(other)
    return None


@rule("same_text")
def same_text(draft: Draft, brief: Brief) -> Finding | None:
    """Find a text that equals the one in an earlier language of the answer."""
    said = words(draft.alt_text)
    if len(said) < 5:
        return None
    primary = draft.language.partition("-")[0]
    for other in brief.languages[: brief.languages.index(draft.language)] if draft.language in brief.languages else ():
        texts = draft.description.texts.get(other)
        if texts and other.partition("-")[0] != primary and words(texts.alt_text) == said:
            return Finding(other)
    return None
