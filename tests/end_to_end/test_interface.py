"""The interface as the Functions host serves it keeps to docs/openapi.json."""

from pathlib import Path

import pytest

from local.azure_openai.script import Script, serve
from local.stack import Stack
from tests.api.test_openapi import tried
from tests.generated import ROOT


@pytest.mark.long
def test_the_interface_on_the_host_is_as_documented(tmp_path: Path) -> None:
    """All checks but one: a method that a path does not know is 404 by the platform, not 405."""
    with serve(Script()) as model, Stack(ROOT, tmp_path, SETTINGS, model_url=model.url, route=None) as stack:
        tried(stack.addresses.http, stack.addresses.function_key, "unsupported_method")
        assert "http.failed" not in (tmp_path / "logs" / "host.log").read_text(encoding="utf-8")


SETTINGS = {"AZURE_OPENAI_DEPLOYMENT": "gpt-5.6-luna", "URL_DENY_HOSTS": "*"}
