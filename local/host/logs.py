"""The host's output: functions' logs, with the facts in `extra`."""

import json
import logging
import sys

STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class WithFacts(logging.Formatter):
    """Appends a record's non-standard fields, as JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        facts = {name: value for name, value in vars(record).items() if name not in STANDARD}
        line = super().format(record)
        return f"{line} {json.dumps(facts, default=str, ensure_ascii=False)}" if facts else line


def set_up(level: int) -> None:
    """Log to standard error as the worker does, without system logs of the SDK and the server."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(WithFacts("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.addFilter(lambda record: record.levelno >= logging.WARNING or not record.name.startswith("azure.functions"))
    logging.basicConfig(level=level, handlers=[handler])
    logging.getLogger("host").setLevel(level)  # the app may set the root's
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
