"""Requests to the model: a description of one picture, or an answer about several."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

from describer.domain.description import schema
from describer.domain.globs import first_match
from describer.domain.image_blob import ImageBlob
from describer.vision import picture_facts, preparation, prompt
from describer.vision.imaging.version import version
from describer.vision.policy import Policy

LONGEST_OF_AUTHOR: Final = 2000
"""Characters of the author's title and description that are passed to the model."""


@dataclass(frozen=True, slots=True)
class Brief:
    """A request for a description.

    Args:
        languages: BCP 47 tags; the first is the default, whose texts are at the top level of the record.
        model: the deployment's or model's name on its server.
        detail: `low`, `high` or `original`.
        max_completion_tokens: the answer's cap in tokens.
        context: the caller's information about the picture, passed to the model as data.
        profile: the purpose of the description, one of `prompt.PROFILES`.
        max_chars: upper limit for an alt text; None: the profile's.
        max_image_tokens: upper limit for the picture, which is shrunk to it; None: the detail decides.
        chosen: names of the fields above that a caller chose; the others come from the settings.
        embedded_context: whether the model gets the title and description in the file.
        author: that title and description, once the file was read; not in the fingerprint (the bytes determine it).
        again: whether to ask for a new answer even if one is stored or cached.
        photo_tokens, text_tokens: the installation's limits; see `Sizes`.
        guidance: the operator's house style.
        words_to_use, words_to_avoid: words that the texts should or must not contain. With a profile's name and a colon
            in front, a word applies to that profile only.
        by_prefix: overrides for pictures whose names match a glob: glob, field name, value.
        context_of: facts about each picture to pass to the model: `file_name`, `folder`, `metadata:NAME`.
        picture_facts: those facts as a JSON object; part of the fingerprint.
        policy: the rules for the answer; only the lengths are in the fingerprint, since only they are in the prompt.
        repair: what was wrong with the last answer, in sentences; not in the fingerprint.
    """

    languages: tuple[str, ...]
    model: str
    detail: str
    max_completion_tokens: int
    context: str = ""
    profile: str = prompt.DESCRIBE
    max_chars: int | None = None
    max_image_tokens: int | None = None
    chosen: frozenset[str] = frozenset()
    again: bool = False
    photo_tokens: int = 0
    text_tokens: int = 0
    embedded_context: bool = False
    author: str = ""
    guidance: str = ""
    words_to_use: tuple[str, ...] = ()
    words_to_avoid: tuple[str, ...] = ()
    by_prefix: tuple[tuple[str, str, Any], ...] = ()
    context_of: tuple[str, ...] = ()
    picture_facts: str = ""
    policy: Policy = field(default_factory=Policy)
    repair: str = ""

    @property
    def language(self) -> str:
        return self.languages[0]

    @property
    def decoders(self) -> str:
        """The versions of the decoders: a picture that was `corrupt` for other versions is retried."""
        return version()

    def asked_again(self) -> Self:
        return replace(self, again=True)

    def in_languages(self, languages: tuple[str, ...]) -> Self:
        return replace(self, languages=languages)

    def with_wishes(self, **wishes: object) -> Self:
        """Return this request with a caller's options, by field name, in addition to earlier ones."""
        return replace(self, **wishes, chosen=self.chosen | wishes.keys())  # type: ignore[arg-type]

    def for_repair(self, faults: Mapping[str, Sequence[str]]) -> Self:
        """Return this request for a repair in these languages; `faults` says in sentences what was wrong."""
        sentences = dict.fromkeys(sentence for said in faults.values() for sentence in said)
        return replace(self, languages=tuple(faults), repair=" ".join(sentences))

    def with_author_context(self, context: str) -> Self:
        """Return this request with the author's text, if the model gets it."""
        return replace(self, author=context[:LONGEST_OF_AUTHOR]) if self.embedded_context else self

    def about(self, picture: ImageBlob) -> Self:
        """Return the request for this blob: with facts about it and, unless a caller chose, its prefix's overrides."""
        name = picture.ref.name
        asked: dict[str, Any] = {}
        for pattern, field_name, value in self.by_prefix:
            if field_name not in asked and field_name not in self.chosen and first_match([pattern], name):
                asked[field_name] = value
        return replace(self, **asked, picture_facts=picture_facts.about(picture, self.context_of))

    @property
    def wanted_words(self) -> tuple[str, ...]:
        """The `words_to_use` for this profile."""
        return _of_profile(self.words_to_use, self.profile)

    @property
    def forbidden_words(self) -> tuple[str, ...]:
        """The `words_to_avoid` for this profile."""
        return _of_profile(self.words_to_avoid, self.profile)

    @property
    def instructions(self) -> str:
        """The system message."""
        length = prompt.length(self.policy.soft_chars, self.policy.hard_chars, self.max_chars)
        words = (self.wanted_words, self.forbidden_words)
        return prompt.instructions(self.languages, prompt.Wording(self.profile, length, self.guidance, *words))

    @property
    def question(self) -> str:
        """The user's question."""
        return prompt.QUESTION

    @property
    def request(self) -> str:
        """The user message beside the picture."""
        return prompt.request(self.context, self.author, self.picture_facts, self.repair)

    @property
    def fingerprint(self) -> str:
        """16 hex digits that change if the answer would: prompt, schema, languages, model, detail, preparation.

        Optional parts are included only if they are set, so that records from before they existed stay valid.
        """
        parts = [self.instructions, schema(self.languages), self.model, self.detail, preparation.NAME]
        parts += [self.context] if self.context else []
        parts += [{"max_image_tokens": self.max_image_tokens}] if self.max_image_tokens else []
        budgets = {"photo_tokens": self.photo_tokens, "text_tokens": self.text_tokens}
        parts += [budgets] if any(budgets.values()) else []
        parts += [{"embedded_context": True}] if self.embedded_context else []
        parts += [{"picture_facts": self.picture_facts}] if self.picture_facts else []
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def _of_profile(words: tuple[str, ...], profile: str) -> tuple[str, ...]:
    split = [(word.partition(":"), word) for word in words]
    named = [
        (head, rest.strip()) if colon and head in prompt.PROFILES else ("", word) for (head, colon, rest), word in split
    ]
    return tuple(word for head, word in named if word and head in {"", profile})


@dataclass(frozen=True, slots=True)
class Question:
    """A caller's own question about one or several pictures, for one free answer.

    Args:
        model, detail, max_completion_tokens, context, max_image_tokens: see `Brief`; the last applies to each picture.
        language: BCP 47 tag of the answer; empty: the question's language.
    """

    text: str
    model: str
    detail: str
    max_completion_tokens: int
    context: str = ""
    language: str = ""
    max_image_tokens: int | None = None

    @property
    def request(self) -> str:
        """The user message beside the pictures."""
        return prompt.question(self.text, self.context, self.language)
