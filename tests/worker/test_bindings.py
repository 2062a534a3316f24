"""Microsoft's worker library indexes the app as we mean it: the golden file is what the host would be told."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).with_name("bindings.json")
INDEX = """
import asyncio, json, pathlib
from local.host import worker
functions = asyncio.run(worker.index(pathlib.Path.cwd())).functions
print(json.dumps({function.name: function.bindings for function in functions}, indent=2, sort_keys=True))
"""


def test_the_indexed_bindings_are_those_of_the_golden_file() -> None:
    values = json.loads((ROOT / "local.settings.json.example").read_text(encoding="utf-8"))["Values"]
    done = subprocess.run(
        [sys.executable, "-c", INDEX], cwd=ROOT, env=os.environ | values, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == json.loads(GOLDEN.read_text(encoding="utf-8")), done.stdout
