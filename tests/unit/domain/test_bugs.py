"""What the Functions host learns of a bug, and which loggers reach it at all."""

import re
import subprocess
import sys

import pytest

from describer.domain.bugs import Unexpected, redacted_in
from describer.domain.errors import Misconfigured

LEVELS = """
import logging, sys
logging.basicConfig(level=logging.DEBUG, stream=sys.stdout, format="%(name)s %(message)s")
logging.getLogger("openai").setLevel(logging.DEBUG)
from describer.pipeline.logs import quieten_libraries
quieten_libraries()
names = ("PIL.TiffImagePlugin", "azure.core", "openai", "a.library", "describer.pipeline.work_log", "azure.functions")
for name in names:
    for level in (logging.DEBUG, logging.INFO, logging.WARNING):
        logging.getLogger(name).log(level, logging.getLevelName(level))
"""


def _quoting_bug() -> None:
    raise ValueError("Agatha") from KeyError("Agatha")


def test_a_bug_leaves_a_function_without_its_sentence_and_its_causes(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Unexpected) as raised, redacted_in("work"):
        _quoting_bug()
    assert re.fullmatch(r"ValueError at bugs\.py:\d+ > test_bugs\.py:\d+ > test_bugs\.py:\d+", str(raised.value))
    assert raised.value.__suppress_context__ and raised.value.__cause__ is None
    (record,) = caplog.records
    assert (record.message, vars(record)["error"], vars(record)["function"]) == (
        "function.failed",
        "ValueError",
        "work",
    )
    assert "Agatha" not in str(vars(record))


def test_a_fault_on_purpose_passes() -> None:
    with pytest.raises(Misconfigured), redacted_in("work"):
        raise Misconfigured("no role")


def test_libraries_are_heard_from_warnings_on_and_the_app_from_info_on() -> None:
    done = subprocess.run([sys.executable, "-c", LEVELS], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "PIL.TiffImagePlugin WARNING",
        "azure.core WARNING",
        "openai INFO",  # whoever sets a library's own level has asked for it
        "openai WARNING",
        "a.library WARNING",
        "describer.pipeline.work_log INFO",
        "describer.pipeline.work_log WARNING",
        "azure.functions INFO",
        "azure.functions WARNING",
    ]
