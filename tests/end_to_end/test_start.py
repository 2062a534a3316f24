"""`make start` with the real app: its lines for the command line work when pasted, and it says what was described."""

import asyncio
import os
import re
import shutil
from pathlib import Path

import pytest

from local import start
from local.children import ROOT
from local.stack import Stack

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(shutil.which("curl") is None, reason="the lines use curl"),
]


async def test_a_picture_is_uploaded_shown_corrected_and_published(tmp_path: Path) -> None:
    model = start.stand_in_model("script")
    with (
        Stack(ROOT, tmp_path, {"EVENTS_TEXTS": "all"}, model=model) as stack,
        start.private_files(stack, tmp_path) as file,
    ):
        assert (tmp_path / "settings.json").stat().st_mode & 0o777 == 0o600
        _, exports, upload, command_line, *_ = re.split(
            r"^[A-Z].*:\n\n", start.welcome(stack, file), flags=re.MULTILINE
        )
        run = await asyncio.create_subprocess_exec(
            "/bin/bash",
            "-ec",
            f"{exports}{upload}\ncd /\n{command_line}",
            cwd=ROOT,
            env=os.environ,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await run.communicate()
        assert run.returncode == 0, said.decode()
        assert "A test picture" in said.decode()
        told = start.outcomes(stack.events, 0)
        assert any(line.startswith("images/cat.jpg  described  A test picture") for line in told)
        assert start.outcomes(stack.events, len(told)) == []
    assert not (tmp_path / "settings.json").exists()
