"""docs/formats.md says what becomes of each kind of file."""

from tests.formats import matrix
from tests.generated import ROOT


def test_the_matrix_of_formats_is_that_of_the_code() -> None:
    published = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    assert published == matrix(), "run: python -m tests.generated"
