"""The measurements, and the app's goals; the peers' figures have none."""

import math
import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from benchmarks.figures import Figure, median, ratio
from benchmarks.peers import photographs
from benchmarks.peers.log import Call
from benchmarks.peers.rig import Load, Ran, run
from benchmarks.peers.rivals import ALL, NOTEBOOK, OURS, SAMPLE, Rival
from benchmarks.startup import BARE, ROUNDS, settings
from local.azure_openai.quota import REQUEST_WINDOW
from local.children import ROOT

THINKS: Final = 1.0
"""Seconds that the model takes, where nothing else is said."""
PER_MINUTE: Final = 60
OUTAGE: Final = 60.0
NARROWER: Final = (4, 8, 16)
WIDEST: Final = 32
SMALL: Final = (1600, 1200)
"""Photographs of the modes that wait most of the time, so that all can wait beside each other."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many pictures each mode has."""

    together: int = 120
    slow: int = 51
    narrow: int = 48
    wide: int = 120
    steady: int = 40
    quota: int = 100
    outage: int = 40
    rounds: int = ROUNDS - 4

    def tiny(self) -> "Sizes":
        """A tenth, to try the benchmark itself."""
        return Sizes(8, 8, 8, 8, 8, 12, 8, 1)


def together(sizes: Sizes) -> list[Figure]:
    """All at once at the defaults, with a model of one second and with one of four."""
    figures = []
    for thinks, count, times in ((THINKS, sizes.together, 2.5), (4.0, sizes.slow, 4.0)):
        load = Load(photographs.photographs(count), model=("--thinks", str(thinks)))
        ran = {rival.name: run(rival, load) for rival in ALL}
        case = f"{count} at once, model {thinks:g} s"
        figures += _figures(case, ran, _A_MINUTE, _AT_ONCE, _PEAK, _WARM, _IDLE, _CPU)
        ours = ran[OURS.name]
        figures.append(Figure(f"{case}, ours: not described", count - ours.described, "", at_most=0))
        figures += [
            Figure(f"{case}: ours / {peer.name}", ours.a_minute / ran[peer.name].a_minute, "x", at_least=times)
            for peer in (NOTEBOOK, SAMPLE)
        ]
        figures += _memory(case, ran)
        figures += _firsts(ran, thinks) if thinks == THINKS else []
    return figures


def wide(sizes: Sizes) -> list[Figure]:
    """4, 8, 16 and 32 at a time for all, which takes a setting or two of each."""
    figures = []
    for at_once in NARROWER:
        load = Load(photographs.photographs(sizes.narrow), at_once=at_once)
        ran = {rival.name: run(rival, load) for rival in ALL}
        figures += _figures(f"{sizes.narrow} at once, {at_once} at a time", ran, _A_MINUTE, _AT_ONCE)
    load = Load(photographs.photographs(sizes.wide), at_once=WIDEST)
    ran = {rival.name: run(rival, load) for rival in ALL}
    case, ours = f"{sizes.wide} at once, {WIDEST} at a time", ran[OURS.name]
    return [
        *figures,
        *_figures(case, ran, _A_MINUTE, _AT_ONCE, _PEAK, _WARM, _IDLE),
        Figure(f"{case}: ours / sample", ours.a_minute / ran[SAMPLE.name].a_minute, "x", at_least=1),
        *_figures(case, ran, _CPU, goals={OURS.name: 0.055}),
        *_memory(case, ran),
    ]


def steady(sizes: Sizes) -> list[Figure]:
    """Two pictures a second: what each takes beyond the model's second."""
    load = Load(photographs.mixed(sizes.steady), per_second=2)
    figures = []
    for rival in ALL:
        ran, case = run(rival, load), f"2 a second, {rival.name}"
        goal = rival is OURS
        over = _overheads(ran.calls)
        jpegs = _overheads([call for call in ran.calls if call.picture.endswith(".jpg")])
        figures += [
            Figure(f"{case}: overhead, p50", _percentile(over, 50), "s", at_most=0.1 if goal else None),
            Figure(f"{case}: overhead, p95", _percentile(over, 95), "s", at_most=0.35 if goal else None),
            Figure(f"{case}: overhead of JPEG 12 MP, p50", _percentile(jpegs, 50), "s"),
            Figure(f"{case}: described of {sizes.steady}", ran.described, "", at_least=sizes.steady if goal else None),
        ]
    return figures


def limits(sizes: Sizes) -> list[Figure]:
    """Sixty requests a minute, whether rejected calls count or not, and 503 for a minute; several beside each other."""
    pictures = photographs.photographs(sizes.quota, SMALL)
    window = PER_MINUTE * REQUEST_WINDOW / 60
    least = (math.ceil(sizes.quota / window) - 1) * REQUEST_WINDOW + THINKS
    limited = ("--per-minute", str(PER_MINUTE))
    loads = {
        f"quota of {PER_MINUTE} a minute, rejected calls count": Load(
            pictures, (*limited, "--rejected-count"), warm=False, longest=1.2 * least
        ),
        f"quota of {PER_MINUTE} a minute, rejected calls do not count": Load(
            pictures, limited, warm=False, longest=1.2 * least
        ),
        _DOWN: Load(dict(list(pictures.items())[: sizes.outage]), ("--fails", str(OUTAGE)), warm=False, longest=90),
    }
    figures = []
    for rival, case, ran in _beside(loads):
        name, count, goal = f"{case}, {rival.name}", len(loads[case].pictures), rival is OURS
        figures += [
            Figure(f"{name}: described of {count}", ran.described, "", at_least=count if goal else None),
            Figure(f"{name}: lost", ran.lost, "", at_most=0 if goal else None),
            *(_after_outage(name, ran, count, goal=goal) if case == _DOWN else _in_quota(name, ran, least, goal=goal)),
        ]
    return figures


def _in_quota(name: str, ran: Ran, least: float, *, goal: bool) -> list[Figure]:
    return [
        Figure(f"{name}: of the least ({least:g} s)", ran.seconds / least, "x", at_most=1.05 if goal else None),
        Figure(f"{name}: calls answered 429", ran.seen.throttled, "", at_most=5 if goal else None),
    ]


def _after_outage(name: str, ran: Ran, count: int, *, goal: bool) -> list[Figure]:
    figures = [Figure(f"{name}: calls a picture", ran.seen.calls / count, "", at_most=2 if goal else None)]
    if ran.described:
        late = ran.finished - ran.seen.down_until
        figures.append(Figure(f"{name}: done after its end", late, "s", at_most=15 if goal else None))
    return figures


def startup(sizes: Sizes) -> list[Figure]:
    """How long indexing takes, in whole processes, in turns; a bare import of `azure.functions` beside them."""
    given = settings()
    scripts = {
        rival.name: (rival, f"import sys; sys.path.insert(0, {str(rival.app)!r}); {_INDEX}") for rival in ALL
    } | {"bare": (OURS, BARE)}
    taken: dict[str, list[float]] = {name: [] for name in scripts}
    for _ in range(sizes.rounds + 1):  # the first ones warm the disk's cache
        for name, (rival, script) in scripts.items():
            began = time.perf_counter()
            environment = os.environ | given | dict(rival.settings) | _NOWHERE
            subprocess.run([rival.python, "-c", script], cwd=ROOT, env=environment, check=True)
            taken[name].append(time.perf_counter() - began)
    warm = {name: each[1:] for name, each in taken.items()}
    ours, bare = warm[OURS.name], warm["bare"]
    beyond = [one - least for one, least in zip(ours, bare, strict=True)]
    return [
        *(median(f"indexing, {name}", rounds, "s") for name, rounds in warm.items()),
        median("indexing, ours beyond the bare import", beyond, "s", at_most=0.35),
        ratio("indexing, ours / notebook", ours, warm[NOTEBOOK.name], at_most=1 / 3),
    ]


def requests(_sizes: Sizes) -> list[Figure]:
    """Blob requests of one photograph by both ways in; those of the host's stand-in are among them."""
    by_trigger, by_queue = (run(OURS, Load(photographs.photographs(1), queue=queue)) for queue in (False, True))
    assert by_trigger.first
    assert by_queue.first
    return [
        Figure("blob requests of a new upload, blob trigger", by_trigger.first.requests, "", at_most=7),
        Figure("blob requests of a new upload, queue", by_queue.first.requests, "", at_most=6),
    ]


type Mode = Callable[[Sizes], list[Figure]]
MODES: Final[Mapping[str, Mode]] = {
    "startup": startup,
    "requests": requests,
    "together": together,
    "wide": wide,
    "steady": steady,
    "limits": limits,
}
_DOWN: Final = f"503 for {OUTAGE:g} s"
_NOWHERE: Final = {"IMAGES__blobServiceUri": "https://127.0.0.1:1/images"}
"""The peers make their clients as they are indexed."""
_INDEX: Final = "import function_app; function_app.app.get_functions()"

type _Measured = tuple[str, str, Callable[[Ran], float]]
_A_MINUTE: Final[_Measured] = ("pictures a minute", "", lambda ran: ran.a_minute)
_AT_ONCE: Final[_Measured] = ("calls of the model at a time", "", lambda ran: ran.seen.at_once)
_PEAK: Final[_Measured] = ("memory, peak", "MiB", lambda ran: ran.peak)
_IDLE: Final[_Measured] = ("memory before the first picture", "MiB", lambda ran: ran.idle)
_WARM: Final[_Measured] = ("memory after the first picture", "MiB", lambda ran: ran.warm)
_CPU: Final[_Measured] = ("computing for each picture", "s", lambda ran: ran.computed / max(1, ran.described))


def _figures(
    case: str, ran: Mapping[str, Ran], *measured: _Measured, goals: Mapping[str, float] | None = None
) -> list[Figure]:
    at_most = goals or {}
    return [
        Figure(f"{case}, {name}: {what}", value(each), unit, at_most=at_most.get(name))
        for what, unit, value in measured
        for name, each in ran.items()
    ]


def _memory(case: str, ran: Mapping[str, Ran]) -> list[Figure]:
    above = {name: each.peak - each.idle for name, each in ran.items()}
    return [
        Figure(
            f"{case}, {name}: memory above idle", value, "MiB", at_most=above[SAMPLE.name] if name == "ours" else None
        )
        for name, value in above.items()
    ]


def _firsts(ran: Mapping[str, Ran], thinks: float) -> list[Figure]:
    figures, ours = [], ran[OURS.name].first
    assert ours
    for name, each in ran.items():
        assert each.first
        first, goal = each.first, name == OURS.name
        figures += [
            Figure(f"first photograph, {name}: overhead", first.seconds - thinks, "s", at_most=0.4 if goal else None),
            Figure(f"12 MP photograph, {name}: tokens of the picture", first.seen.image_tokens, ""),
            Figure(f"12 MP photograph, {name}: tokens of the prompt", first.seen.prompt_tokens, ""),
            Figure(f"12 MP photograph, {name}: sent", first.seen.image_bytes / 1e6, "MB"),
        ]
        if not goal:
            less = ours.seen.image_tokens / first.seen.image_tokens
            figures.append(Figure(f"12 MP photograph: tokens of the picture, ours / {name}", less, "x", at_most=0.1))
    return figures


def _beside(loads: Mapping[str, Load]) -> list[tuple[Rival, str, Ran]]:
    """Run the app under its quotas at the same time, one on each core, and then all others: they mostly wait."""
    found: list[tuple[Rival, str, Ran]] = []
    everything = [(rival, name) for rival in ALL for name in loads]
    quotas = [(OURS, name) for name in loads if name != _DOWN]
    for cases in (quotas, [case for case in everything if case not in quotas]):
        with ThreadPoolExecutor(len(cases)) as pool:
            ran = pool.map(lambda case: run(case[0], loads[case[1]]), cases)
            found += [(*case, each) for case, each in zip(cases, ran, strict=True)]
    return found


def _overheads(calls: Sequence[Call]) -> list[float]:
    return sorted(call.seconds - THINKS for call in calls if call.picture and call.well)


def _percentile(values: Sequence[float], rank: int) -> float:
    return values[math.ceil(rank / 100 * len(values)) - 1] if values else math.nan
