"""Measures precision and recall of the checks on answers: `python -m benchmarks.quality`.

tests/cases/quality/ has labelled answers in ten languages. The rules were tuned on developed.toml; held_out.toml was
written before them and later.toml after them, and both are only measured. A finding counts as right if the case names
its rule. Precision is the share of right ones among all findings, recall that of the named ones that were found.
`--missed` lists what went wrong.
"""

import sys
import time
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks.figures import Figure, main
from describer.domain.description import Description, ImageKind, Texts
from describer.domain.record import Usage
from describer.vision.answer import Answer
from describer.vision.brief import Brief
from describer.vision.quality import detector
from describer.vision.quality.rules import check

CASES: Final = Path(__file__).parents[1] / "tests" / "cases" / "quality"
FILES: Final = {"developed.toml": False, "held_out.toml": True, "later.toml": True}
"""Files of cases, and whether each was kept apart from tuning."""
_PRECISION: Final = 0.95
_RECALL: Final = 0.9


@dataclass(slots=True)
class Count:
    """What was found in the cases of one file."""

    cases: int = 0
    right: int = 0
    wrong: int = 0
    missed: int = 0
    odd: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def precision(self) -> float:
        """Right findings among all."""
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        """Named findings that were made."""
        return self.right / max(1, self.right + self.missed)


def found_in(case: dict[str, Any]) -> set[str]:
    """The ids of all rules that found something in a case."""
    texts = Texts(
        alt_text=case["text"],
        description=case.get("description", ""),
        extended_description=case.get("extended", ""),
    )
    description = Description(
        image_kind=ImageKind(case.get("kind", "photo")),
        is_decorative=False,
        visible_text=case.get("visible_text", ""),
        tags=(),
        texts={case["language"]: texts},
    )
    brief = Brief((case["language"],), "gpt-5.6-luna", "high", 1500, context=case.get("context", ""))
    verdict = check(Answer("", Usage(calls=1), description), brief)
    return {*verdict.flags, *verdict.stripped}


def count(name: str) -> Count:
    """Check all cases of a file."""
    counted = Count()
    for case in tomllib.loads((CASES / name).read_text(encoding="utf-8"))["cases"]:
        began, wanted = time.perf_counter(), set(case["finds"])
        found = found_in(case)
        counted.seconds += time.perf_counter() - began
        counted.cases += 1
        counted.right += len(found & wanted)
        counted.wrong += len(found - wanted)
        counted.missed += len(wanted - found)
        if found != wanted:
            counted.odd.append(f"{case['language']} {case['text']!r}: found {sorted(found)}, expected {sorted(wanted)}")
    return counted


def measure() -> list[Figure]:
    """Both halves, and what the detector of languages costs when it is first needed."""
    began = time.perf_counter()
    detector.another_language("A red kite above a green hill.", "de")
    loaded = time.perf_counter() - began
    figures = [Figure("detector of languages, first use", loaded, "s")]
    for name, held_out in FILES.items():
        counted = count(name)
        figures += [
            Figure(f"{name}: cases", counted.cases, "", at_least=120),
            Figure(f"{name}: precision", counted.precision, "", at_least=_PRECISION if held_out else None),
            Figure(f"{name}: recall", counted.recall, "", at_least=_RECALL if held_out else None),
            Figure(f"{name}: one answer", 1000 * counted.seconds / counted.cases, "ms", at_most=50),
        ]
    return figures


def show_odd(name: str) -> None:
    """Print the cases of a file that came out otherwise than they are labelled."""
    print("\n".join(count(name).odd))


if __name__ == "__main__":
    if "--missed" in sys.argv:
        show_odd("developed.toml")
    else:
        main("quality", measure)
