"""The picture of the smoke test: a real PNG, never the same twice, and drawn by any Python."""

import subprocess
import sys
from pathlib import Path

import pytest

from describer.operations.smoke_image import FOLDER, HEIGHT, WIDTH, SmokeImage
from describer.vision.imaging.render import opened
from describer.vision.imaging.values import Limits

ROOT = Path(__file__).parents[3]


def test_the_app_reads_it() -> None:
    header = opened(SmokeImage("one").draw(), Limits(2**20, 2**28)).header
    assert (header.format, header.width, header.height) == ("PNG", WIDTH, HEIGHT)


def test_each_smoke_test_has_a_picture_of_its_own() -> None:
    assert len({SmokeImage(f"t{number}").draw() for number in range(20)}) == 20
    assert SmokeImage("one").draw() == SmokeImage("one").draw()


@pytest.mark.parametrize(
    ("text", "token"),
    [("a1-B2", "a1-B2"), ("../../x y", "xy"), ("", "unnamed"), ("ü/\n", "unnamed"), ("x" * 200, "x" * 64)],
)
def test_any_text_becomes_a_name_within_the_folder(text: str, token: str) -> None:
    image = SmokeImage.of(text)
    assert image.token == token
    assert image.ref("images").name == f"{FOLDER}{token}.png"


def test_it_needs_nothing_but_the_standard_library() -> None:
    code = "import sys; sys.path[:0] = sys.argv[1:]; from describer.operations.smoke_image import SmokeImage; "
    code += "print(len(SmokeImage('a').draw()))"
    bare = [sys.executable, "-I", "-S", "-c", code, str(ROOT)]
    done = subprocess.run(bare, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 5000
