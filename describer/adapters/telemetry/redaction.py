"""Names pictures in telemetry by aliases, since blob names may reveal who is shown, unless a setting allows names."""

from dataclasses import dataclass

from opentelemetry.util.types import AttributeValue

from describer.domain.image_ref import ImageRef


@dataclass(frozen=True, slots=True)
class Names:
    """Names pictures by the alias of domain/image_ref.py, or by their blob names if `in_clear`."""

    in_clear: bool = False

    def of(self, ref: ImageRef) -> str:
        """Return a name such as `images/3f0c6a1d9b2e4785`, or in clear `images/pets/cat.jpg`."""
        return ref.path if self.in_clear else str(ref)

    def render(self, fact: object) -> AttributeValue:
        """Return the exported form of an event's fact: numbers unchanged, pictures by name, all else as text."""
        match fact:
            case bool() | int() | float():
                return fact
            case ImageRef():
                return self.of(fact)
            case _:
                return str(fact)
