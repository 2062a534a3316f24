"""The host's output: what functions log, with the facts that came along in `extra`."""

import json
import logging
import sys

STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class WithFacts(logging.Formatter):
    """Appends what a record carries beyond the standard fields, as JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        facts = {name: value for name, value in vars(record).items() if name not in STANDARD}
        line = super().format(record)
        return f"{line} {json.dumps(facts, default=str, ensure_ascii=False)}" if facts else line


def set_up(level: int) -> None:
    """Send to standard error what the worker shows: all but system logs, which are the SDK's, and the server's own."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(WithFacts("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.addFilter(lambda record: record.levelno >= logging.WARNING or not record.name.startswith("azure.functions"))
    logging.basicConfig(level=level, handlers=[handler])
    logging.getLogger("host").setLevel(level)  # the app may set the root's
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
