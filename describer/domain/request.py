"""What is asked for a picture, as far as its record has to know."""

from typing import Protocol, Self


class DescriptionRequest(Protocol):
    """What somebody asked of the model: `vision/brief.py` has all of it."""

    @property
    def languages(self) -> tuple[str, ...]:
        """BCP 47 tags; the first is the default."""

    @property
    def language(self) -> str:
        """The default language."""

    @property
    def model(self) -> str:
        """The deployment's or model's name."""

    @property
    def chosen(self) -> frozenset[str]:
        """The names of the wishes that a caller made; all others are as the settings say."""

    @property
    def again(self) -> bool:
        """Whether another answer is asked for, whatever is stored."""

    @property
    def fingerprint(self) -> str:
        """Changes when the answer would."""

    @property
    def decoders(self) -> str:
        """The versions of what decodes pictures."""

    def asked_again(self) -> Self:
        """Return the same, for another answer, whatever is stored."""

    def in_languages(self, languages: tuple[str, ...]) -> Self:
        """Return the same in these languages."""

    def with_wishes(self, **wishes: object) -> Self:
        """Return the same with these wishes of a caller's, beside those that were there."""
