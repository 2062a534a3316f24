"""Log levels in the deployed app: INFO for the app's own loggers, WARNING for all others.

The worker sends everything from INFO on to the Functions host, or from DEBUG on with PYTHON_ENABLE_DEBUG_LOGGING.
Libraries log private data there: Pillow all EXIF values, the model's client whole requests, Azure's SDKs blob
addresses.
"""

import logging
from typing import Final

_NAMED: Final = ("describer", "azure.functions", "azure_functions_worker", "azure_functions_runtime", "proxy_worker")
"""The loggers of the app, of the Functions SDK, and of the worker (Microsoft's system logs)."""


def quieten_libraries() -> None:
    """Set the levels, after the worker has set its own. DEBUG is disabled for every logger, whatever its level."""
    logging.disable(logging.DEBUG)
    logging.getLogger().setLevel(logging.WARNING)
    for name in _NAMED:
        logging.getLogger(name).setLevel(logging.INFO)
