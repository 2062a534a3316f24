"""Is the answer a description? So far: that there is one, and that it is no refusal."""

from dataclasses import dataclass

from describer.domain.status import Status
from describer.vision.answer import Answer
from describer.vision.brief import Brief
from describer.vision.quality import refusals


@dataclass(frozen=True, slots=True)
class Verdict:
    """What may become of an answer; `reason` is a sentence for the reviewer."""

    status: Status
    flags: tuple[str, ...] = ()
    reason: str = ""


def check(answer: Answer, brief: Brief) -> Verdict:
    """Judges an answer before anything is written. A refusal is never written as alt text."""
    if answer.description is None:
        return Verdict(Status.NEEDS_REVIEW, ("refusal",), f"The model refused: {answer.refusal[:300]}")
    for language in brief.languages:
        alt_text = answer.description.texts[language].alt_text.strip()
        if not alt_text:
            return Verdict(Status.NEEDS_REVIEW, ("empty",), f"The model gave no alt text in {language}.")
        if refusals.matches(alt_text):
            return Verdict(Status.NEEDS_REVIEW, ("refusal",), f"The model refused: {alt_text[:300]}")
        if brief.max_chars and len(alt_text) > brief.max_chars:
            reason = f"The alt text in {language} has {len(alt_text)} characters; {brief.max_chars} were allowed."
            return Verdict(Status.NEEDS_REVIEW, ("too_long",), reason)
    return Verdict(Status.DESCRIBED)
