"""What the documentation and the configuration say is what the code does."""

import ast
import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pathspec
import pytest

from describer import __version__
from describer.settings import Settings
from tests import generated
from tests.mutants.faults import Fault, faults
from tests.unit.conftest import CAT, Harness

ROOT = generated.ROOT
NAMES = [field.alias for field in Settings.model_fields.values()]


DOCUMENTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")] + sorted(
    (ROOT / "docs").glob("*.md")
)


def test_the_table_of_settings_is_that_of_the_code() -> None:
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert text == generated.settings(), "run: python -m tests.generated"


def test_the_table_of_settings_shows_each_example_whole() -> None:
    """In Markdown, `|` would end the cell, and two `*` would become emphasis."""
    for row in generated.settings_table().splitlines():
        assert len(re.split(r"(?<!\\)\|", row)) == 6, row
        assert re.sub(r"`[^`]*`", "", row).count("*") < 2, row


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").split()) < 1500


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    """To a file that is there, and to a heading of it."""
    text = document.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target or target.startswith("mailto:"):
            continue
        name, _, anchor = target.partition("#")
        file = (document.parent / name).resolve() if name else document
        assert file.exists(), f"{document.name}: {target}"
        if anchor and file.suffix == ".md":
            assert anchor in _anchors(file), f"{document.name}: {target}"


def _anchors(file: Path) -> set[str]:
    """Of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_tables_of_profiles_and_rules_are_those_of_the_code() -> None:
    text = (ROOT / "docs" / "quality.md").read_text(encoding="utf-8")
    assert text == generated.quality(), "run: python -m tests.generated"


@pytest.mark.parametrize(("file", "schema"), [("record", generated.record_schema), ("event", generated.event_schema)])
def test_the_published_schemas_are_those_of_the_code(file: str, schema: Callable[[], str]) -> None:
    published = (ROOT / "docs" / f"{file}.schema.json").read_text(encoding="utf-8")
    assert published == schema(), "run: python -m tests.generated"


async def test_a_sidecar_fits_the_published_schema(harness: Harness) -> None:
    harness.images.tag(CAT, alt_text="My cat Tom")
    await harness.describe()
    sidecar = json.loads(harness.records.stored[CAT].record.to_json())
    schema = json.loads((ROOT / "docs" / "record.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(sidecar)


@pytest.mark.parametrize("schema", ["docs/event.schema.json", "tests/cases/cloudevents.schema.json"])
def test_the_documents_example_of_an_event_is_one(schema: str) -> None:
    text = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
    event = json.loads(text.split("```json\n")[1].split("```")[0])
    form = json.loads((ROOT / schema).read_text(encoding="utf-8"))
    validator = jsonschema.validators.validator_for(form)
    validator(form, format_checker=validator.FORMAT_CHECKER).validate(event)


def test_the_version_in_the_code_is_the_projects() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert __version__ == project["version"]


def test_the_example_names_every_setting_but_those_of_identities_and_no_other() -> None:
    """The host asks whether those are there, not whether they say anything: empty ones would count."""
    values = json.loads((ROOT / "local.settings.json.example").read_text(encoding="utf-8"))["Values"]
    expected = sorted(str(name) for name in NAMES if "__" not in str(name))
    assert sorted(values.keys() - {"FUNCTIONS_WORKER_RUNTIME"}) == expected


def test_the_examples_defaults_are_the_codes() -> None:
    values = json.loads((ROOT / "local.settings.json.example").read_text(encoding="utf-8"))["Values"]
    read, bare = Settings.read(values), Settings.read({name: values[name] for name in values if name in REQUIRED})
    assert read == bare


REQUIRED = {"AzureWebJobsStorage", "IMAGES", "IMAGES_CONTAINER", "AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_DEPLOYMENT"}


def test_what_is_deployed_is_the_app_and_all_of_it() -> None:
    git = [str(shutil.which("git")), "ls-files", "-z"]
    tracked = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")[:-1]
    ignored = pathspec.GitIgnoreSpec.from_lines((ROOT / ".funcignore").read_text(encoding="utf-8").splitlines())
    app = {"function_app.py", "host.json", "requirements.txt"}
    expected = {name for name in tracked if name.startswith("describer/") or name in app}
    assert {name for name in tracked if not ignored.match_file(name)} == expected


def test_the_function_app_imports_only_these_modules() -> None:
    tree = ast.parse((ROOT / "function_app.py").read_text(encoding="utf-8"))
    plain = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    wanted = {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert plain | wanted == {
        "azure.functions",
        "collections.abc",
        "describer.app",
        "describer.entrypoints.http.urls",
        "describer.entrypoints.mcp_tools",
        "describer.entrypoints.storage_events.blob_binding",
    }


def test_indexing_loads_no_sdk() -> None:
    """Not even where telemetry is on: the model's, Pillow and OpenTelemetry come with the first picture."""
    values = json.loads((ROOT / "local.settings.json.example").read_text(encoding="utf-8"))["Values"]
    values["APPLICATIONINSIGHTS_CONNECTION_STRING"] = "InstrumentationKey=00000000-0000-0000-0000-000000000000"
    code = "import function_app, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=values, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert "describer.settings" in loaded
    late = {
        "azure.core",
        "azure.identity",
        "azure.storage",
        "openai",
        "httpx2",
        "PIL",
        "pillow_heif",
        "fastapi",
        "starlette",
        "describer.pipeline.pipeline",
    }
    late |= {"py3langid", "numpy", "describer.vision.quality.rules"}
    late |= {"opentelemetry", "azure.monitor", "describer.adapters.telemetry", "langcodes"}
    late |= {
        "click",
        "rich",
        "describer.entrypoints.cli",
        "describer.operations.health",
        "describer.operations.probe_list",
    }
    assert not late & loaded


def test_a_faulty_set_of_settings_stops_indexing() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import function_app"], cwd=ROOT, env={}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    for name in ("IMAGES_CONTAINER", "IMAGES__blobServiceUri", "AZURE_OPENAI_ENDPOINT"):
        assert name in done.stderr


def test_the_platform_sends_an_instance_no_more_requests_than_host_json_lets_run() -> None:
    limit = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))["extensions"]["http"]["maxConcurrentRequests"]
    bicep = (ROOT / "infra/modules/function-app.bicep").read_text(encoding="utf-8")
    assert re.findall(r"perInstanceConcurrency: (\d+)", bicep) == [str(limit)]


def test_the_layout_names_files_that_are_there() -> None:
    """Each is a path from the root, or the end of one under describer/."""
    text = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")
    files = [file.relative_to(ROOT).as_posix() for file in ROOT.glob("describer/**/*")]
    named = set(re.findall(r"`([\w/]+(?:/|\.py|\.toml))`", text))
    assert len(named) > 30
    missing = {
        name
        for name in named
        if not (ROOT / name).exists() and not any(f"/{file}".endswith(f"/{name.rstrip('/')}") for file in files)
    }
    assert missing == set()


def _undefined(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """Which arguments a docstring explains that its function does not take, or its class neither takes nor has."""
    _, _, arguments = (ast.get_docstring(node) or "").partition("Args:\n")
    named = re.findall(r"^    ([*\w, ]+):", arguments.split("\n\n")[0], re.MULTILINE)
    inside = [node, *node.body] if isinstance(node, ast.ClassDef) else [node]
    taken = [each.args for each in inside if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
    have = {found.arg for args in taken for found in ast.walk(args) if isinstance(found, ast.arg)}
    have |= {each.target.id for each in inside if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)}
    return {name.strip(" *") for names in named for name in names.split(",")} - have


@pytest.mark.parametrize("package", ["describer", "local"])
def test_docstrings_explain_the_arguments_that_there_are(package: str) -> None:
    wrong = {
        f"{file.relative_to(ROOT)}: {node.name}": missing
        for file in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and (missing := _undefined(node))
    }
    assert wrong == {}


@pytest.mark.parametrize("fault", faults(), ids=lambda fault: f"{fault.file}: {fault.what}")
def test_each_fault_that_make_mutants_tries_can_be_put_in(fault: Fault) -> None:
    """Run on a copy by `make mutants`; this keeps the list in step with the code."""
    assert ast.dump(ast.parse(fault.applied())) != ast.dump(ast.parse((ROOT / fault.file).read_text(encoding="utf-8")))
    assert all((ROOT / test).exists() for test in fault.tests)
