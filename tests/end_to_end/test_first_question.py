"""`make demo` with a real model that is wrong in some way: one sentence, before anything is started."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.azure_openai import faults
from local.azure_openai.answers import Fault
from local.azure_openai.script import Model, Script, serve
from local.demo.__main__ import main

MOST_SECONDS = 5.0
"""Of processor time where the machine is busy with other things: what one waits for on one that is not."""


@pytest.fixture
def model() -> Iterator[Model]:
    with serve(Script()) as served:
        yield served


def _closed_port() -> str:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{bound.getsockname()[1]}/v1"


def _spent() -> float:
    import resource

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.long
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("nothing listens", ("cannot be reached (Connection refused)", "OPENAI_BASE_URL", "curl")),
        ("a wrong key", ("401", "Incorrect API key", "OPENAI_API_KEY")),
        ("an unknown model", ("404", "not found", "OPENAI_MODEL")),
        ("no /v1", ("404", "/v1")),
    ],
)
def test_it_ends_at_once_with_what_to_do(
    model: Model,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    wrong: str,
    said: tuple[str, ...],
) -> None:
    answers = {
        "a wrong key": faults.error(401, "Incorrect API key", "invalid_api_key"),
        "an unknown model": faults.error(404, "model 'gpt-5.6-luna' not found", None),
        "no /v1": Fault(404, "404 page not found"),
    }
    if wrong in answers:
        model.script.always(lambda _: answers[wrong])
    address = {"nothing listens": _closed_port(), "no /v1": model.url}.get(wrong, f"{model.url}/v1")
    monkeypatch.setenv("MODEL_PROVIDER", "openai")
    monkeypatch.setenv("OPENAI_BASE_URL", address)
    monkeypatch.setenv("OPENAI_MODEL", "gpt-5.6-luna")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    began, spent = time.monotonic(), _spent()
    code = main(["--state", str(tmp_path / "state"), "--out", str(tmp_path / "out")])
    told = capsys.readouterr()
    assert (code, told.out) == (2, "")
    assert len(told.err.splitlines()) == 1
    assert all(words in told.err for words in said), told.err
    assert "python -m describer doctor --only model" in told.err
    assert "az " not in told.err and "Azure" not in told.err
    assert min(_spent() - spent, time.monotonic() - began) < MOST_SECONDS
    assert not (tmp_path / "out").exists()
