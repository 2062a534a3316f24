"""Emergency stop: stops all calls of the model without losing an upload.

`python3 infra/emergency.py stop`, and `resume`. The app keeps receiving uploads, but its settings name a
deployment of the model that does not exist. Each picture is then deferred and retried within the hour, without limit,
by messages that never expire. A disabled function would lose uploads: they wait on the Functions host's own queue and
expire after seven days. A stopped app answers Event Grid with 403, which is never retried.
"""

import argparse
import os
import sys
from pathlib import Path

if __name__ == "__main__":  # run as a program, by any Python in any folder
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from infra.hooks import environment, kept
from infra.hooks.commands import Azure, Failed, Stop, run
from infra.hooks.installation import Installation

_DEPLOYMENT, _ALLOWED, _BATCHES = "AZURE_OPENAI_DEPLOYMENT", "MODELS_ALLOWED", "BATCH_DEPLOYMENT"
_BATCH_OUTPUT = "OPENAI_BATCH_DEPLOYMENT"


def stop(azure: Azure) -> None:
    """Stop, at once and through further deployments.

    Raises:
        Failed: a command failed; the text is its message.
        Stop: outputs of infra/main.bicep are missing.
    """
    here = Installation.read(azure.environ)
    allowed = [f"{_ALLOWED}="] if kept.app_settings(azure.environ).get(_ALLOWED) else []
    batches = [f"{_BATCHES}="] if azure.environ.get(_BATCH_OUTPUT) else []
    _set(azure, here, f"{_DEPLOYMENT}={kept.STOPPED}", *allowed, *batches)
    _remember(azure, "true")
    print(
        f"{here.azure_function_app_name} restarts, and asks no model any more; uploads wait on {here.work_queue}. The"
        " alert misconfigured fires meanwhile, and callers over HTTP are answered 503."
    )


def resume(azure: Azure) -> None:
    """Resume. Raises as `stop` does."""
    here = Installation.read(azure.environ)
    deployment = azure.environ.get("OPENAI_DEPLOYMENT")
    if not deployment:
        raise Stop("The output OPENAI_DEPLOYMENT of infra/main.bicep is not in the environment.")
    allowed = kept.app_settings(azure.environ).get(_ALLOWED)
    batches = azure.environ.get(_BATCH_OUTPUT)
    more = [f"{name}={value}" for name, value in ((_ALLOWED, allowed), (_BATCHES, batches)) if value]
    _set(azure, here, f"{_DEPLOYMENT}={deployment}", *more)
    _remember(azure, "false")
    print(f"{here.azure_function_app_name} restarts, and works what waited; the last of it after an hour.")


def _set(azure: Azure, here: Installation, *settings: str) -> None:
    azure.az("functionapp", "config", "appsettings", "set", *here.app, "--settings", *settings)


def _remember(azure: Azure, value: str) -> None:
    """Store the setting in azd's environment, so that the next deployment keeps it; without azd a person must."""
    try:
        azure.azd("env", "set", "EMERGENCY_STOP", value)
    except (Failed, Stop) as failure:
        print(f"azd does not know of it. {failure}\nGive the next deployment the parameter emergencyStop={value}.")


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python3 infra/emergency.py", description=__doc__)
    parser.add_argument("what", choices=["stop", "resume"])
    what = {"stop": stop, "resume": resume}[parser.parse_args().what]
    run(lambda: what(Azure(environment.read(os.environ))))  # noqa: TID251 - a program of its own


if __name__ == "__main__":
    main()
