"""The pieces of benchmarks/peers that can be wrong without being noticed."""

import os
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from benchmarks.peers import log, photographs, watch
from benchmarks.peers.model import Model, Seen
from benchmarks.peers.rivals import ALL
from local.azure_openai.answers import Answer, Fault, Request
from local.azure_openai.answers import Image as Shown

SMALL = (160, 120)

LOG = """\
2026-11-29 06:50:00,000 INFO Function.describe: Executing 'Functions.describe' \
(Reason='New blob detected(EventGrid): images/one.jpg', Id=00000000-0000-0000-0000-000000000001)
2026-11-29 06:50:00,100 INFO Function.describe: Executing 'Functions.describe' \
(Reason='New blob detected(EventGrid): images/two.heic', Id=00000000-0000-0000-0000-000000000002)
2026-11-29 06:50:01,250 INFO Function.describe: Executed 'Functions.describe' \
(Succeeded, Id=00000000-0000-0000-0000-000000000001, Duration=1250ms)
2026-11-29 06:50:01,350 ERROR Function.describe: Executed 'Functions.describe' \
(Failed, Id=00000000-0000-0000-0000-000000000002, Duration=1250ms) an exception
2026-11-29 06:50:02,000 INFO Function.work: Executed 'Functions.work' \
(Succeeded, Id=00000000-0000-0000-0000-000000000003, Duration=20ms)
"""


def test_the_hosts_log_has_picture_outcome_and_time(tmp_path: Path) -> None:
    file = tmp_path / "host.log"
    file.write_text(LOG)
    one, two, work = log.calls(file)
    assert (one.picture, one.well, one.seconds) == ("one.jpg", True, 1.25)
    assert (two.picture, two.well) == ("two.heic", False)
    assert (work.function, work.picture) == ("work", "")
    assert two.at - one.at == pytest.approx(0.1)
    assert log.failures(file) == {"two.heic": 1}


def test_photographs_differ_in_their_bytes_and_are_read_the_same() -> None:
    one, two = (photographs.jpeg(number, SMALL) for number in (1, 2))
    assert one != two
    pixels = {Image.open(BytesIO(data)).convert("RGB").tobytes() for data in (one, two)}
    assert len(pixels) == 1


@pytest.mark.parametrize(("make", "form"), [(photographs.png, "PNG"), (photographs.webp, "WEBP")])
def test_other_formats_stay_whole_with_their_number(make: object, form: str) -> None:
    assert callable(make)
    one, two = make(1), make(2)
    assert one != two
    with Image.open(BytesIO(one)) as image:
        image.load()
        assert image.format == form


def test_forty_mixed_pictures_have_their_share_of_each_format(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photographs, "_encoded", lambda *_: b"RIFF0000WEBP" + bytes(40))
    names = list(photographs.mixed(40))
    kinds = [name.rpartition(".")[2] for name in names]
    assert tuple(map(kinds.count, ("jpg", "png", "webp", "heic"))) == photographs.MIXED
    assert "heic" not in kinds[:5], "they are spread"


def test_the_model_fails_from_its_first_call_and_counts_what_it_answered() -> None:
    shown = Shown(b"data", "image/jpeg", 4032, 3024)
    request = Request("gpt-5.6-luna", ("Describe",), (shown,), None, 300, {})
    down, up = Model(thinks=1, fails=60, quota=None), Model(thinks=1, fails=0, quota=None)
    failed, answered = down.answer(request), up.answer(request)
    assert isinstance(failed, Fault)
    assert failed.status == 503
    assert isinstance(answered, Answer)
    assert answered.delay == 1
    assert (down.seen().calls, down.seen().failed, down.seen().image_tokens) == (1, 1, 0)
    seen = up.seen()
    assert (seen.answered, seen.image_tokens, seen.image_bytes) == (1, 14_364, 4)
    assert Seen().answered == 0


def test_a_watch_sees_memory_and_computing_of_this_process() -> None:
    with watch.Watch(os.getpid()) as seen:
        held = bytearray(b"x") * (64 * 2**20)
        while seen.peak < seen.begins_with + 32:  # it looks every so often
            sum(range(10_000))
        assert len(held) == 64 * 2**20
        while seen.computed() <= 0:
            sum(range(10_000))
    assert os.getpid() in set(watch.tree(os.getpid()))


def test_each_rival_has_its_app_and_a_parallelism_can_be_set(tmp_path: Path) -> None:
    for rival in ALL:
        folder = rival.copied(tmp_path / rival.name, 62)
        assert (folder / "function_app.py").read_text() == (rival.app / "function_app.py").read_text()
        assert '"maxDegreeOfParallelism": 62' in (folder / "host.json").read_text()
