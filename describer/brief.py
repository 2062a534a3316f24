"""What is asked of the model for one picture, whoever asks."""

import hashlib
import json
from dataclasses import dataclass

from describer import prompt
from describer.description import schema

PREPARATION = "jpeg85/768x2048/1"
"""Names how pictures are prepared; change it whenever the model would be shown something else."""


@dataclass(frozen=True, slots=True)
class Brief:
    """The question: in which languages, of which model, how closely, and at what cap.

    Args:
        languages: BCP 47 tags; the first is the default, whose texts stand flat at the top of the record.
        model: the deployment's or model's name, as the server knows it.
        detail: `low`, `high` or `original`.
        max_completion_tokens: the answer's cap in tokens.
    """

    languages: tuple[str, ...]
    model: str
    detail: str
    max_completion_tokens: int

    @property
    def language(self) -> str:
        """The default language."""
        return self.languages[0]

    @property
    def fingerprint(self) -> str:
        """16 hex digits that change when the answer would: prompt, schema, languages, model, detail, preparation."""
        parts = [prompt.instructions(self.languages), schema(self.languages), self.model, self.detail, PREPARATION]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
