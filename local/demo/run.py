"""Runs the demo: find pictures, start, upload, wait, show, stop."""

import argparse
import asyncio
import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path

from local import environment, signals, thumbnails
from local.children import ROOT
from local.demo import gallery, watch
from local.demo.pictures import LeftOut, Picture, find
from local.demo.provider import Provider, Unusable
from local.demo.result import Lost, Result, Totals
from local.demo.screen import Screen, Steps
from local.stack import Stack

SAMPLES = ROOT / "samples"
START, EACH = 8, 1.2  # seconds for the start and for one picture, by the stand-in on two cores

REAL_MODELS = (
    "Describe them with a real model:",
    "  Ollama  OPENAI_BASE_URL=http://127.0.0.1:11434/v1 OPENAI_MODEL=gemma3 make demo MODEL_PROVIDER=openai",
    (
        "  Azure   AZURE_OPENAI_ENDPOINT=https://NAME.openai.azure.com AZURE_OPENAI_DEPLOYMENT=gpt-5.6-luna"
        " make demo MODEL_PROVIDER=azure"
    ),
)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The pictures to describe, the files left out, and the folder's name."""

    folder: str
    pictures: Sequence[Picture]
    left_out: Sequence[LeftOut]


def chosen(folder_name: str) -> Chosen:
    """Find the pictures in the folder that PICTURES names, or the samples.

    Raises:
        Unusable: the folder is missing or empty.

    """
    folder = Path(folder_name).expanduser() if folder_name.strip() else SAMPLES
    try:
        found = list(find(folder)) if folder.exists() else None
    except OSError as error:
        raise Unusable(f"{folder} cannot be read: {error.strerror}.") from error
    if found is None:
        raise Unusable(f"There is no folder {folder}.")
    pictures = [each for each in found if isinstance(each, Picture)]
    if folder == SAMPLES:  # which has programs and a README too
        pictures = [each for each in pictures if each.content_type.startswith("image/")]
    left_out = [each for each in found if isinstance(each, LeftOut)]
    if not pictures:
        because = f" ({left_out[0].name}: {left_out[0].why})" if left_out else ""
        raise Unusable(f"{folder} holds no file to describe{because}.")
    return Chosen(folder_name.strip() or "samples", pictures, left_out)


@dataclass(slots=True)
class Run:
    """A run; for `options` see __main__.py."""

    provider: Provider
    chosen: Chosen
    options: argparse.Namespace
    screen: Screen
    results: list[Result] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)
    copies: dict[Picture, str] = field(default_factory=dict)
    announced: Counter[str] = field(default_factory=Counter)

    def all(self) -> int:
        """Run all steps and return the exit code."""
        began = time.monotonic()
        self._announce()
        self._clear()
        model = self.provider.command
        stack = Stack(
            ROOT, self.options.state, self.provider.settings, model=model, extensions=environment.extensions()
        )
        with self.screen.steps() as steps:
            steps.begin("Starting storage, the Functions host and the model")
            with stack:
                steps.begin("Describing", len(self.chosen.pictures))
                signals.run(self._describe(stack, steps))
                self._keep_events(stack)
                steps.begin("Ending everything")
        page = self._write()
        self._sum_up(page, time.monotonic() - began)
        return 1 if self.lost or any(each.wanted for each in self.chosen.left_out) else 0

    def _announce(self) -> None:
        count = len(self.chosen.pictures)
        seconds = START + EACH * count
        takes = f"{seconds:.0f} seconds" if seconds < 100 else f"{seconds / 60:.0f} minutes"
        here = "" if self.provider.command else ", plus what the model takes"
        what = "picture" if count == 1 else "pictures"
        self.screen.say(f"Describes {count} {what} of {self.chosen.folder} from end to end, in about {takes}{here}.")
        self.screen.say(self.provider.where, "bold")
        for each in self.chosen.left_out:
            self.screen.say(f"Left out: {each.name}: {each.why}.", "yellow")

    def _clear(self) -> None:
        """Delete an earlier run's results, so that none is mistaken for this run's."""
        folder: Path = self.options.out / "pictures"
        folder.mkdir(parents=True, exist_ok=True)
        written = [self.options.out / name for name in ("index.html", "results.jsonl", "events.jsonl")]
        for old in [*folder.glob("[0-9]*.webp"), *written]:
            old.unlink(missing_ok=True)

    async def _describe(self, stack: Stack, steps: Steps) -> None:
        number: Mapping[Picture, int] = {picture: at for at, picture in enumerate(self.chosen.pictures)}
        printing = asyncio.create_task(self._print_steps(steps))
        async with aclosing(watch.described(stack, self.chosen.pictures, self.options.timeout)) as ends:
            async for end in ends:
                if isinstance(end, Lost):
                    self.lost.append(end)
                else:
                    self.results.append(end)
                    await self._copy(end, f"pictures/{number[end.picture]:05}.webp")
                steps.ended(end)
        printing.cancel()
        self.results.sort(key=lambda result: number[result.picture])
        self.lost.sort(key=lambda lost: number[lost.picture])

    async def _print_steps(self, steps: Steps) -> None:
        """Print the reason if the app waits, which may last longer than a progress bar suggests."""
        async with aclosing(watch.reasons(self._log)) as reasons:
            async for reason in reasons:
                steps.waiting(reason)

    @property
    def _log(self) -> Path:
        state: Path = self.options.state
        return state / "logs/host.log"

    async def _copy(self, result: Result, name: str) -> None:
        if result.readable and await asyncio.to_thread(thumbnails.write, result.picture.path, self.options.out / name):
            self.copies[result.picture] = name

    def _keep_events(self, stack: Stack) -> None:
        """Copy the events that the app has published; `announced` counts them by type."""
        lines = stack.events.read_bytes() if stack.events.exists() else b""
        (self.options.out / "events.jsonl").write_bytes(lines)
        self.announced = Counter(json.loads(line)["type"] for line in lines.splitlines())

    def _write(self) -> Path:
        out: Path = self.options.out
        lines = "".join(f"{result.to_json()}\n" for result in self.results)
        (out / "results.jsonl").write_text(lines, "utf-8")
        page = out / "index.html"
        free = self.provider.command is not None
        page.write_text(
            gallery.page(self.results, self.lost, self.copies, caption=self.provider.caption, free=free), "utf-8"
        )
        return page

    def _sum_up(self, page: Path, seconds: float) -> None:
        say = self.screen.say
        say()
        self.screen.table(self.results)
        say(f"({self.provider.caption})", "dim")
        say()
        for lost in self.lost:
            say(f"{lost.picture.name}: {lost.why}", "red")
        if self.lost:
            reason = watch.last_reason(self._log)
            say(f"{f'The app says: {reason}. ' if reason else ''}See the logs in {self._log.parent}.", "red")
        counted = Counter([*(result.status for result in self.results), *("lost" for _ in self.lost)])
        say(f"{gallery.outcomes(counted)[:1].upper()}{gallery.outcomes(counted)[1:]}, after {seconds:.0f} s. See them:")
        self.screen.link(page)
        say()
        totals = Totals.of(self.results)
        say(f"Tokens: {totals.prompt_tokens:,} in, {totals.completion_tokens:,} out.")
        say(f"Cost: {totals.cost(free=self.provider.command is not None)}")
        kinds = ", ".join(f"{count} {kind}" for kind, count in self.announced.most_common()) or "none"
        say(f"Published events: {kinds}; see {self.options.out / 'events.jsonl'}")
        say()
        for line in REAL_MODELS:
            say(line)
