"""Reads azd's environment for programs that azd does not start."""

import json
from collections.abc import Mapping

from infra.hooks.commands import Azure, Failed


def read(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the process's environment; if it lacks the outputs, azd's environment added.

    Raises:
        Stop: azd is not installed, and the environment lacks the outputs of infra/main.bicep.
        Failed: azd has no environment here.
    """
    if environ.get("AZURE_FUNCTION_APP_NAME"):
        return dict(environ)
    try:
        stored = json.loads(Azure(environ).azd("env", "get-values", "--output", "json"))
    except json.JSONDecodeError as error:
        raise Failed(f"azd env get-values answered no JSON: {error}") from error
    return {**environ, **stored}
