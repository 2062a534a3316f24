"""The part of a request that its record depends on."""

from typing import Protocol, Self


class DescriptionRequest(Protocol):
    """A request for a description; `vision/brief.py` implements it."""

    @property
    def languages(self) -> tuple[str, ...]:
        """BCP 47 tags; the first is the default."""

    @property
    def language(self) -> str: ...

    @property
    def model(self) -> str:
        """The deployment's or model's name."""

    @property
    def chosen(self) -> frozenset[str]:
        """The names of the options that a caller chose; the others come from the settings."""

    @property
    def again(self) -> bool:
        """Whether a new answer is requested even if one is stored."""

    @property
    def fingerprint(self) -> str:
        """A digest that changes if the answer would."""

    @property
    def decoders(self) -> str:
        """The versions of the decoders."""

    def asked_again(self) -> Self:
        """Return this request for a new answer even if one is stored."""

    def in_languages(self, languages: tuple[str, ...]) -> Self:
        """Return this request for these languages."""

    def with_wishes(self, **wishes: object) -> Self:
        """Return this request with a caller's options, in addition to earlier ones."""
