"""300 pictures while nearly all goes wrong at once, on each program."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.realhost import disturbance


@pytest.mark.long
async def test_none_of_many_pictures_is_lost_or_has_the_text_of_another(tmp_path: Path, host: Sequence[str]) -> None:
    await disturbance.none_is_lost(tmp_path, host, uploads=300, kills=40, refused_for=60, within=1200)
