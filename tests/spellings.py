"""Names that try to get an excluded picture described; see tests/cases/excluded_names.toml."""

import tomllib
from pathlib import Path
from typing import Any, Final

_CASES: Final[dict[str, Any]] = tomllib.loads(
    (Path(__file__).parent / "cases" / "excluded_names.toml").read_text(encoding="utf-8")
)
EXCLUDE: Final[tuple[str, ...]] = tuple(_CASES["exclude"])
SPELLINGS: Final[tuple[str, ...]] = tuple(row["name"] for row in _CASES["spellings"])
"""Each names an excluded blob."""
REFUSED: Final[tuple[str, ...]] = tuple(_CASES["refused"])
"""No blob has these names."""
DESCRIBED: Final[tuple[str, ...]] = tuple(_CASES["described"])
"""Other blobs, which no pattern excludes."""
