"""How telemetry calls a picture: a blob's name may say who is in it, so it is told only where a setting allows that."""

from dataclasses import dataclass

from opentelemetry.util.types import AttributeValue

from describer.domain.image_ref import ImageRef


@dataclass(frozen=True, slots=True)
class Names:
    """Names pictures; `in_clear` by their blob names, otherwise by the alias of domain/image_ref.py."""

    in_clear: bool = False

    def of(self, ref: ImageRef) -> str:
        """Such as `images/3f0c6a1d9b2e4785`, or in clear `images/pets/cat.jpg`."""
        return f"{ref.container}/{ref.name}" if self.in_clear else str(ref)

    def render(self, fact: object) -> AttributeValue:
        """A fact of a log event as it leaves: a number as it is, a picture by its name here, all else as text."""
        match fact:
            case bool() | int() | float():
                return fact
            case ImageRef():
                return self.of(fact)
            case _:
                return str(fact)
