"""Which loggers say what in the deployed app, by name: the app's own from INFO on, all others from WARNING on.

The worker sends whatever is logged to the Functions host, from INFO on or, by PYTHON_ENABLE_DEBUG_LOGGING, from DEBUG
on. Libraries write there what the app tells nobody: Pillow each value of a picture's EXIF, the model's client whole
requests, the SDKs of Azure addresses that name blobs.
"""

import logging
from typing import Final

_NAMED: Final = ("describer", "azure.functions", "azure_functions_worker", "azure_functions_runtime", "proxy_worker")
"""The app's, the SDK's of the Functions, and those of the worker, which are Microsoft's system logs."""


def quieten_libraries() -> None:
    """Set the levels; to be called when the worker has set its own. DEBUG is off for every logger, whoever asks."""
    logging.disable(logging.DEBUG)
    logging.getLogger().setLevel(logging.WARNING)
    for name in _NAMED:
        logging.getLogger(name).setLevel(logging.INFO)
