"""A few pictures while host and worker are killed, the model fails and a queue may not be read.

With 300 pictures, and on Microsoft's own extensions too: `make extensions`.
"""

from pathlib import Path

import pytest

from tests.realhost import disturbance
from tests.realhost.platform import STAND_IN


@pytest.mark.long
async def test_none_of_some_pictures_is_lost_or_has_the_text_of_another(tmp_path: Path) -> None:
    await disturbance.none_is_lost(tmp_path, STAND_IN, uploads=20, kills=3, refused_for=5, within=240)
