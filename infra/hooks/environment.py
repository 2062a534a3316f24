"""azd's environment, for programs that azd does not start itself."""

import json
from collections.abc import Mapping

from infra.hooks.commands import Azure, Failed


def read(environ: Mapping[str, str]) -> dict[str, str]:
    """What is in the environment already; without outputs in it, azd's environment on top.

    Raises:
        Stop: azd is not installed, and the outputs of infra/main.bicep are not in the environment.
        Failed: azd has no environment here.
    """
    if environ.get("AZURE_FUNCTION_APP_NAME"):
        return dict(environ)
    try:
        stored = json.loads(Azure(environ).azd("env", "get-values", "--output", "json"))
    except json.JSONDecodeError as error:
        raise Failed(f"azd env get-values answered no JSON: {error}") from error
    return {**environ, **stored}
