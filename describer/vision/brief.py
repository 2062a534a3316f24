"""What is asked of the model, whoever asks: a description of one picture, or an answer about several."""

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
"""Characters of an author's title and description that the model is told."""


@dataclass(frozen=True, slots=True)
class Brief:
    """The question: in which languages, of which model, how closely, and at what cap.

    Args:
        languages: BCP 47 tags; the first is the default, whose texts stand flat at the top of the record.
        model: the deployment's or model's name, as the server knows it.
        detail: `low`, `high` or `original`.
        max_completion_tokens: the answer's cap in tokens.
        context: what the caller knows about the picture; given to the model as data.
        profile: what the description is for: one of `prompt.PROFILES`.
        max_chars: of an alt text; None leaves it to the profile.
        max_image_tokens: for the picture itself, which is shrunk to them; None leaves it to the detail.
        chosen: the names of those of the above that a caller chose; the others are as the settings say.
        embedded_context: whether the model is told the title and description that the author wrote into the file.
        author: these, once the file was read; not in the fingerprint, for they are part of the bytes.
        again: ask for another answer, whatever is stored or shared by copies.
        photo_tokens: the installation's bound for a picture without small text; 0: the sides alone bound it.
        text_tokens: the installation's bound for a picture with small text; 0: it is sent as any other.
        guidance: the house style of whoever runs the installation.
        words_to_use, words_to_avoid: brand words and the like that the texts should have, and must not have; behind the
            name of a profile and a colon, of that profile only.
        by_prefix: what is asked otherwise of pictures whose names match a glob: glob, field of the above, and value.
        context_of: what the model is told of each picture: `file_name`, `folder`, `metadata:NAME`.
        picture_facts: that, as a JSON object; part of the fingerprint.
        policy: how the answer is checked; not in the fingerprint, but for the lengths, which the model is told.
        mend: what was wrong with the last answer, in sentences; not in the fingerprint.
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
    mend: str = ""

    @property
    def language(self) -> str:
        """The default language."""
        return self.languages[0]

    @property
    def decoders(self) -> str:
        """The versions of what decodes pictures: one that was `corrupt` for others is tried again."""
        return version()

    def asked_again(self) -> Self:
        """Return the same, for another answer, whatever is stored or shared by copies."""
        return replace(self, again=True)

    def in_languages(self, languages: tuple[str, ...]) -> Self:
        """Return the same in these languages."""
        return replace(self, languages=languages)

    def with_wishes(self, **wishes: object) -> Self:
        """The same with these wishes of a caller's, by the names of their fields, beside those that were there."""
        return replace(self, **wishes, chosen=self.chosen | wishes.keys())  # type: ignore[arg-type]

    def mending(self, faults: Mapping[str, Sequence[str]]) -> Self:
        """The same for another answer in these languages only; `faults` says what was wrong with each, in sentences."""
        sentences = dict.fromkeys(sentence for said in faults.values() for sentence in said)
        return replace(self, languages=tuple(faults), mend=" ".join(sentences))

    def with_author_context(self, context: str) -> Self:
        """Return the same with what the author wrote, if the model is to know it."""
        return replace(self, author=context[:LONGEST_OF_AUTHOR]) if self.embedded_context else self

    def about(self, picture: ImageBlob) -> Self:
        """The same as it is asked of this blob: by its prefix, unless a caller chose, and with what is told of it."""
        name = picture.ref.name
        asked: dict[str, Any] = {}
        for pattern, field_name, value in self.by_prefix:
            if field_name not in asked and field_name not in self.chosen and first_match([pattern], name):
                asked[field_name] = value
        return replace(self, **asked, picture_facts=picture_facts.about(picture, self.context_of))

    @property
    def wanted_words(self) -> tuple[str, ...]:
        """Those of `words_to_use` that are for this profile."""
        return _of_profile(self.words_to_use, self.profile)

    @property
    def forbidden_words(self) -> tuple[str, ...]:
        """Those of `words_to_avoid` that are for this profile."""
        return _of_profile(self.words_to_avoid, self.profile)

    @property
    def instructions(self) -> str:
        """The system message."""
        length = prompt.length(self.policy.soft_chars, self.policy.hard_chars, self.max_chars)
        words = (self.wanted_words, self.forbidden_words)
        return prompt.instructions(self.languages, prompt.Wording(self.profile, length, self.guidance, *words))

    @property
    def question(self) -> str:
        """The question itself."""
        return prompt.QUESTION

    @property
    def request(self) -> str:
        """What stands beside the picture."""
        return prompt.request(self.context, self.author, self.picture_facts, self.mend)

    @property
    def fingerprint(self) -> str:
        """16 hex digits that change when the answer would: prompt, schema, languages, model, detail, preparation.

        A context and a bound of tokens are part of it where they are there; without them nothing stands for them, so
        that records from before there were any still answer.
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
    """A caller's own question about one picture or several, for one free answer.

    Args:
        text: the question.
        model, detail, max_completion_tokens, context, max_image_tokens: as a brief has them; the last for each picture.
        language: of the answer, as a BCP 47 tag; empty: that of the question.
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
        """What stands beside the pictures."""
        return prompt.question(self.text, self.context, self.language)
