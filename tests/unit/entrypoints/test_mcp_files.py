"""Of the files of a machine, an agent reaches those that were allowed, however it spells the others."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from describer.domain.errors import InvalidRequest, NotFound
from describer.entrypoints.mcp import Tools
from describer.entrypoints.mcp_files import AllowedFiles
from tests.unit.conftest import Harness
from tests.unit.entrypoints.test_on_demand import OnDemandSetup

PICTURE = b"a picture"
INSIDE = ("cat.jpg", "sub/dog.jpg", "sub/../cat.jpg", "./cat.jpg")
OUTSIDE = (
    "../secret.jpg",
    "sub/../../secret.jpg",
    "link.jpg",
    "out/secret.jpg",
    "../allowed-too/secret.jpg",
    "cat.jpg\0",
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with pictures, links out of it, and a picture beside it."""
    folder = tmp_path / "allowed"
    (folder / "sub").mkdir(parents=True)
    (tmp_path / "allowed-too").mkdir()
    for place in ("allowed/cat.jpg", "allowed/sub/dog.jpg", "secret.jpg", "allowed-too/secret.jpg"):
        (tmp_path / place).write_bytes(PICTURE)
    (folder / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    (folder / "out").symlink_to(tmp_path, target_is_directory=True)
    (folder / "circle").symlink_to(folder / "circle")
    (folder / "inner.jpg").symlink_to(folder / "cat.jpg")
    return folder


@pytest.mark.parametrize("name", [*INSIDE, "inner.jpg"])
@pytest.mark.parametrize("form", ["{name}", "{root}/{name}", "file://{root}/{name}"])
def test_what_is_allowed_is_read(root: Path, name: str, form: str) -> None:
    source = AllowedFiles.of([str(root)]).source(form.format(root=root, name=name))
    assert source.read() == PICTURE
    assert source.size == len(source.read())


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("form", ["{name}", "{root}/{name}", "file://{root}/{name}"])
def test_what_is_not_is_refused_whether_it_is_there_or_not(root: Path, name: str, form: str) -> None:
    given = form.format(root=root, name=name)
    with pytest.raises(InvalidRequest) as there:
        AllowedFiles.of([str(root)]).source(given)
    for absent in ("/nowhere/at/all.jpg", "../absent.jpg"):
        with pytest.raises(InvalidRequest) as gone:
            AllowedFiles.of([str(root)]).source(absent)
        assert str(gone.value) == str(there.value)


def test_a_file_alone_allows_no_neighbour_and_nothing_allows_nothing(root: Path) -> None:
    one = AllowedFiles.of([str(root / "cat.jpg")])
    assert one.source(str(root / "cat.jpg")).name == "cat.jpg"
    for given in (str(root / "sub/dog.jpg"), "cat.jpg", str(root)):
        with pytest.raises(InvalidRequest):
            one.source(given)
    with pytest.raises(InvalidRequest, match="below: none"):
        AllowedFiles.of([]).source(str(root / "cat.jpg"))


def test_a_folder_a_pipe_and_what_is_not_there_are_no_pictures(root: Path) -> None:
    os.mkfifo(root / "pipe")
    for given in ("sub", "pipe", "absent.jpg", "circle/a.jpg", "~/cat.jpg", "a" * 5000):
        with pytest.raises((NotFound, InvalidRequest)):
            AllowedFiles.of([str(root)]).source(given)


def test_a_root_that_is_a_link_means_its_target(root: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(root, target_is_directory=True)
    allowed = AllowedFiles.of([str(tmp_path / "alias")])
    assert allowed.source(str(tmp_path / "alias" / "cat.jpg")).name == "cat.jpg"
    with pytest.raises(InvalidRequest, match="no file or folder"):
        AllowedFiles.of([str(tmp_path / "nowhere")])


async def _called(tools: Tools, tool: str, **arguments: Any) -> tuple[dict[str, Any], bool]:
    outcome = await tools.outcome(tool, json.dumps({"arguments": arguments}))
    return outcome.content, outcome.is_error


async def test_the_tools_take_files_only_where_some_are_allowed(harness: Harness, root: Path) -> None:
    setup = OnDemandSetup(harness)
    local = Tools(setup.on_demand, harness.catalogue, setup.memory, files=AllowedFiles.of([str(root)]))
    on_azure = Tools(setup.on_demand, harness.catalogue, setup.memory)
    cat = str(root / "cat.jpg")
    told, is_error = await _called(local, "describe_image", file=cat)
    assert (told["status"], is_error) == ("described", False)
    told, is_error = await _called(local, "ask_about_images", question="What?", images=[cat, f"file://{cat}"])
    assert (told["ending"], is_error) == ("complete", False)
    refused = [
        await _called(local, "describe_image", file=str(root.parent / "secret.jpg")),
        await _called(local, "ask_about_images", question="What?", images=[str(root / "link.jpg")]),
        await _called(local, "describe_image", file=cat, url="https://example.org/a.jpg"),
        await _called(local, "describe_image", path=cat),
        await _called(on_azure, "describe_image", file=cat),
        await _called(on_azure, "ask_about_images", question="What?", images=[cat]),
    ]
    assert all(is_error for _, is_error in refused)
    sentences = [told["error"] for told, _ in refused]
    assert "may read" in sentences[0] and "may read" in sentences[1]
    assert sentences[2] == "Give exactly one of url, blob and file."
    assert "use file; the arguments are" in sentences[3] and sentences[4].endswith(
        "are url, blob, language, about, profile, words_to_use, words_to_avoid, detail."
    )
    assert len(harness.model.calls) == 3  # pictures that reached the model
