"""Output as the extensions' host writes it: `12:34:56.789 warn: Category[0] text`, on standard output."""

import logging
import sys
from collections.abc import Mapping

LEVELS = {
    "trace": logging.DEBUG,
    "debug": logging.DEBUG,
    "information": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
    "none": logging.CRITICAL + 1,
}
SHORT = {logging.DEBUG: "dbug", logging.INFO: "info", logging.WARNING: "warn", logging.ERROR: "fail"}
OTHERS = ("azure", "uvicorn", "asyncio")  # these loggers are not the host's


class Formatter(logging.Formatter):
    """Writes a record on one line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        time = f"{self.formatTime(record, '%H:%M:%S')}.{record.msecs:03.0f}"
        text = " ".join(super().format(record).split("\n"))
        return f"{time} {SHORT.get(record.levelno, 'crit')}: {record.name}[0] {text}"


def set_up(level: str, levels: Mapping[str, str]) -> None:
    """Send everything to standard output; `levels` are those of host.json, `level` its default's."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(Formatter())
    logging.basicConfig(level=LEVELS[level.lower()], handlers=[handler])
    for noisy in OTHERS:
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    limit(levels)


def limit(levels: Mapping[str, str]) -> None:
    """Log each category from its level in host.json."""
    for category, level in levels.items():
        logging.getLogger(None if category == "default" else category).setLevel(LEVELS[level.lower()])
