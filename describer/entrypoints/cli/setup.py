"""Reads the command line's settings."""

import json
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from describer.domain.errors import Misconfigured
from describer.entrypoints.cli import interrupt
from describer.entrypoints.cli.services import Connect, Services
from describer.settings import Need

USUAL: Final = Path("local.settings.json")


@dataclass(slots=True)
class Setup:
    """The environment and a settings file in the form of Core Tools.

    Args:
        file: values for settings that the environment lacks; None: `local.settings.json` in the working folder, if it
            exists.
        verbose: tell what is going on, and show the whole trace of a bug.
    """

    connect: Connect
    file: Path | None = None
    verbose: bool = False

    def app(self, needs: Collection[Need]) -> Services:
        """Build the app. Raises Misconfigured if a setting group in `needs` is incomplete."""
        return self.connect(needs, self._values())

    def work[T](self, needs: Collection[Need], task: Callable[[Services], Awaitable[T]]) -> T:
        """Run `task` with the app, and close it."""
        return run_with(self.app(needs), task)

    def _values(self) -> Mapping[str, str]:
        file = self.file or USUAL
        if self.file is None and not file.is_file():
            return {}
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
        except OSError as error:
            raise Misconfigured(f"{str(file)!r} cannot be read: {error.strerror}.") from error
        except ValueError as error:
            raise Misconfigured(f"{str(file)!r} is not JSON: {error}.") from error
        values = content.get("Values") if isinstance(content, dict) else None
        if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
            raise Misconfigured(f"{str(file)!r} is invalid: `Values` must be an object whose values are strings.")
        if content.get("IsEncrypted"):
            raise Misconfigured(f"{str(file)!r} is encrypted; run `func settings decrypt`.")
        return values


def run_with[T](app: Services, task: Callable[[Services], Awaitable[T]]) -> T:
    async def whole() -> T:
        try:
            return await task(app)
        finally:
            await app.close()

    return interrupt.run(whole())
