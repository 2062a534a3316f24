"""Deploys the code with its packages, if Azure's remote build uses another Python than the app's.

`python3 infra/prebuilt.py`, any Python from 3.11 that has pip; after `azd up` or `azd deploy` has failed there, or with
the outputs of infra/main.bicep as environment. It ends as the hook postdeploy does: with the smoke test.
"""

import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

if __name__ == "__main__":  # run as a program, by any Python in any folder
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from infra.hooks import environment, postdeploy
from infra.hooks.commands import Azure, Clock, Stop, run
from infra.hooks.installation import Installation

ROOT = Path(__file__).resolve().parents[1]
DEPLOYED = ("function_app.py", "host.json", "requirements.txt", "describer")
"""The files that azd would deploy: see .funcignore."""

PACKAGES = ".python_packages/lib/site-packages"
FOR_AZURE = (
    *("--only-binary=:all:", "--python-version", "3.13"),
    *("--platform", "manylinux_2_28_x86_64", "--platform", "manylinux2014_x86_64"),
)
"""Options for packages of the app's Python on Azure's machines, regardless of this machine."""


def deploy(azure: Azure, clock: Clock, pip: Sequence[str]) -> None:
    """Pack, deploy, and continue where azd stopped.

    Args:
        azure: with the outputs of infra/main.bicep.
        clock: waits.
        pip: the command.

    Raises:
        Stop: pip, the deployment or the smoke test failed.
        Failed: a command failed.
    """
    here = Installation.read(azure.environ)
    with tempfile.TemporaryDirectory() as folder:
        packages, package = Path(folder) / "packages", Path(folder) / "app.zip"
        print("Getting the packages for Python 3.13 on Azure")
        _install(pip, packages)
        with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, name in [
                *_files(ROOT, DEPLOYED),
                *((path, f"{PACKAGES}/{name}") for path, name in _below(packages)),
            ]:
                archive.write(path, name)
        print(f"Deploying {package.stat().st_size / 1e6:.0f} MB to {here.azure_function_app_name}")
        words = ("functionapp", "deployment", "source", "config-zip", *here.app, "--src", str(package))
        azure.az(*words, "--build-remote", "false")
    postdeploy.deploy(azure, clock)


def _install(pip: Sequence[str], folder: Path) -> None:
    words = [
        *pip,
        "install",
        "--quiet",
        "--target",
        str(folder),
        *FOR_AZURE,
        "--requirement",
        str(ROOT / "requirements.txt"),
    ]
    if subprocess.run(words, check=False).returncode:
        raise Stop("pip could not get the packages; its own words are above. Try by hand:", *words)


def _files(root: Path, names: Sequence[str]) -> Iterator[tuple[Path, str]]:
    for name in names:
        path = root / name
        if path.is_file():
            yield path, name
        else:
            yield from ((inner, f"{name}/{below}") for inner, below in _below(path))


def _below(folder: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path, path.relative_to(folder).as_posix()


if __name__ == "__main__":
    pip = (sys.executable, "-m", "pip")
    run(lambda: deploy(Azure(environment.read(os.environ)), Clock(), pip))  # noqa: TID251 - a program of its own
