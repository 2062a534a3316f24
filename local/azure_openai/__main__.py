"""Serve the emulated Azure OpenAI: `python -m local.azure_openai --port 8089 --answers vision`."""

import argparse
import logging
import signal
import sys

import uvicorn

from local.azure_openai.answers import Answerer
from local.azure_openai.quota import Quota
from local.azure_openai.resource import LUNA, Deployment, Resource
from local.azure_openai.script import Script
from local.azure_openai.server import application


def main() -> int:
    """Serve until SIGTERM or Ctrl-C, then return 0."""
    options = _options()
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    resource = Resource(tuple(_deployment(name, options) for name in options.deployment))
    config = uvicorn.Config(
        application(resource, _answerer(options.answers)),
        host="127.0.0.1",
        port=options.port,
        log_config=None,
        timeout_graceful_shutdown=3,
    )
    # uvicorn raises the signal that ended it again, for the handler that was set before; ours ends with 0.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    uvicorn.Server(config).run()
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.azure_openai", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--answers", choices=("vision", "script"), required=True)
    parser.add_argument(
        "--deployment", action="append", metavar="NAME", help="may be repeated; default: gpt-6-luna, ..."
    )
    parser.add_argument("--tokens-per-minute", type=int, metavar="N", help="throttle as a deployment of N TPM would")
    parser.add_argument("--requests-per-minute", type=int, metavar="N", help="the same; default: 6 for 1,000 TPM")
    options = parser.parse_args()
    options.deployment = options.deployment or [deployment.name for deployment in LUNA]
    return options


def _deployment(name: str, options: argparse.Namespace) -> Deployment:
    tpm, rpm = options.tokens_per_minute, options.requests_per_minute
    quota = Quota(tpm or 1000 * rpm, rpm or max(1, tpm * 6 // 1000)) if tpm or rpm else None
    return Deployment(name, next((known.model for known in LUNA if known.name == name), name), quota=quota)


def _answerer(kind: str) -> Answerer:
    if kind == "script":
        return Script()
    from local.azure_openai.vision import Vision  # noqa: PLC0415  (half a gigabyte of packages, for the demo alone)

    return Vision()


if __name__ == "__main__":
    sys.exit(main())
