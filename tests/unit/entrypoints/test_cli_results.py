"""What the command line prints of one picture is safe where it goes."""

from datetime import UTC, datetime

import pytest

from describer.domain.errors import Unsupported
from describer.domain.history import Source
from describer.domain.record import Record
from describer.domain.status import Status
from describer.entrypoints.cli.results import Result

HOSTILE = 'A sign: "><script>alert(1)</script> & more'


def _record(**fields: object) -> Record:
    source = Source(container="", name="cat.jpg", etag="", size=1)
    whole = {
        "status": Status.DESCRIBED,
        "source": source,
        "at": datetime.now(UTC),
        "language": "en",
        "fingerprint": "0" * 16,
    }
    return Record.model_validate(whole | fields)


def test_an_image_line_is_escaped() -> None:
    line = Result('a"b.jpg', _record(alt_text=HOSTILE)).as_html()
    assert line == (
        '<img src="a&quot;b.jpg" lang="en" alt="A sign: &quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt; &amp; more">'
    )


def test_a_decorative_picture_has_an_empty_text() -> None:
    assert Result("rule.png", _record(is_decorative=True)).as_html() == '<img src="rule.png" lang="en" alt="">'


@pytest.mark.parametrize(
    "result",
    [
        Result("a.jpg", _record(status=Status.NEEDS_REVIEW, alt_text="x")),
        Result("a.jpg", fault=Unsupported("no picture")),
    ],
)
def test_without_a_text_to_publish_there_is_no_alt_attribute(result: Result) -> None:
    assert result.as_html() == '<img src="a.jpg">'
