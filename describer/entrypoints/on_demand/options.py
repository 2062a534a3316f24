"""A caller's options, for HTTP, MCP and the command line, and the brief or question they result in."""

from dataclasses import dataclass, fields, replace
from typing import Final

from describer.domain import language
from describer.domain.errors import InvalidRequest
from describer.entrypoints.on_demand.limits import (
    CHARS,
    DETAILS,
    IMAGE_TOKENS,
    LONGEST_CONTEXT,
    LONGEST_QUESTION,
    LONGEST_WORD,
    MOST_LANGUAGES,
    MOST_WORDS,
    TOKENS,
)
from describer.vision import prompt
from describer.vision.brief import Brief, Question

_IN_BRIEF: Final = {"max_tokens": "max_completion_tokens"}
"""The name of an option in a brief, if it differs."""


@dataclass(frozen=True, slots=True)
class RequestOptions:
    """A caller's options, most of them as in `Brief`; the settings apply to those that are left out.

    Args:
        languages: BCP 47 tags, the default first. A free answer is in the first.
        max_tokens: the answer's cap.
        model: a deployment of MODELS_ALLOWED, or the default one.
    """

    languages: tuple[str, ...] = ()
    context: str = ""
    profile: str = ""
    detail: str = ""
    max_chars: int | None = None
    max_tokens: int | None = None
    max_image_tokens: int | None = None
    model: str = ""
    words_to_use: tuple[str, ...] = ()
    words_to_avoid: tuple[str, ...] = ()
    again: bool = False

    def brief(self, default_brief: Brief, models: tuple[str, ...]) -> Brief:
        """Return the default brief with these options applied.

        Raises:
            InvalidRequest: an option is invalid; `models` may be chosen besides the default one.
        """
        self._check(default_brief, models)
        wishes = {_IN_BRIEF.get(name, name): wish for name in _WISHES if (wish := getattr(self, name))}
        wishes |= {"languages": self._tags()} if self.languages else {}
        return replace(default_brief, **wishes, chosen=frozenset(wishes), again=self.again)

    def question(self, text: str, default_brief: Brief, models: tuple[str, ...]) -> Question:
        """Return the question `text` with these options.

        Raises:
            InvalidRequest: as above; or the question is empty or too long, or an option does not apply to questions.
        """
        if not 0 < len(text.strip()) <= LONGEST_QUESTION:
            raise InvalidRequest(f"The question must have 1 to {LONGEST_QUESTION} characters.", field="prompt")
        for field in ("profile", "max_chars", "words_to_use", "words_to_avoid", "again"):
            if getattr(self, field):
                raise InvalidRequest(
                    f"{field} applies to descriptions only; put such a wish into the question.", field=field
                )
        brief = self.brief(default_brief, models)
        tag = brief.languages[0] if self.languages else ""
        cap = brief.max_completion_tokens
        return Question(text.strip(), brief.model, brief.detail, cap, self.context, tag, brief.max_image_tokens)

    def _tags(self) -> tuple[str, ...]:
        tags = []
        for place, tag in enumerate(self.languages, 1):
            try:
                tags.append(language.normal(tag))
            except ValueError:
                sentence = f"Language {place} is not a BCP 47 tag of registered parts such as en, pt-BR or zh-Hans."
                raise InvalidRequest(sentence, field="languages") from None
        return tuple(tags)

    def _check(self, default_brief: Brief, models: tuple[str, ...]) -> None:
        known = dict.fromkeys((default_brief.model, *models))
        for field, value, choices in (
            ("profile", self.profile, prompt.PROFILES),
            ("detail", self.detail, DETAILS),
            ("model", self.model, tuple(known)),
        ):
            if value and value not in choices:
                raise InvalidRequest(f"{field} must be one of {', '.join(choices)}.", field=field)
        if len(self.languages) > MOST_LANGUAGES:
            raise InvalidRequest(f"At most {MOST_LANGUAGES} languages at a time.", field="languages")
        tags = self._tags()
        if len(set(tags)) < len(tags):
            raise InvalidRequest("Name each language once.", field="languages")
        for field, words in (("words_to_use", self.words_to_use), ("words_to_avoid", self.words_to_avoid)):
            if len(words) > MOST_WORDS or any(not word.strip() or len(word) > LONGEST_WORD for word in words):
                raise InvalidRequest(
                    f"{field} may have at most {MOST_WORDS} words of 1 to {LONGEST_WORD} characters.", field=field
                )
        if len(self.context) > LONGEST_CONTEXT:
            raise InvalidRequest(f"The context may have at most {LONGEST_CONTEXT} characters.", field="context")
        for field, number, (least, most) in (
            ("max_chars", self.max_chars, CHARS),
            ("max_tokens", self.max_tokens, TOKENS),
            ("max_image_tokens", self.max_image_tokens, IMAGE_TOKENS),
        ):
            if number is not None and not least <= number <= most:
                raise InvalidRequest(
                    f"{field} is {number}; expected a whole number from {least} to {most}.", field=field
                )


_WISHES: Final = tuple(field.name for field in fields(RequestOptions) if field.name != "again")
