"""Makes docs/security-baseline.md from deviations.toml: `python -m infra.baseline --write`; else prints it."""

import argparse
import tomllib
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
DOCUMENT: Final = HERE.parent / "docs" / "security-baseline.md"
_HEAD: Final = """# Security baseline

This page is for security reviewers: it lists where this infrastructure deviates from what scanners and policies
ask, why, and which variable changes it (`azd env set NAME VALUE`). `python -m infra.baseline --write` generates it
from [infra/deviations.toml](../infra/deviations.toml). There are no other deviations: tests compare the list with
checkov's findings, and [ps-rule.yaml](../ps-rule.yaml) suppresses nothing else. PSRule itself and the policies were
run once, by hand, and are not among the project's checks.

Always true, whatever you choose: no keys but the one of the blob trigger's webhook; access to storage, model,
topic, logs and deployments by Entra tokens only; TLS 1.2; no public blobs, no shared keys, no local users, no
copies to other tenants; a second layer of encryption; roles at the narrowest scope that works
([roles.toml](../tests/cases/roles.toml)).
"""


def rows() -> list[dict[str, Any]]:
    """The deviations, in the order of the file."""
    found: list[dict[str, Any]] = tomllib.loads((HERE / "deviations.toml").read_text(encoding="utf-8"))["stands"]
    return found


def document() -> str:
    """The whole document."""
    lines = ["| Deviation | Reason | How to change it | Reported by |", "| --- | --- | --- | --- |"]
    for row in rows():
        rules = [rule for kind in ("checkov", "psrule", "policy") for rule in row.get(kind, [])]
        change = f"`{row['change']}`" if "change" in row else "nothing"
        lines.append(f"| {row['about']} | {row['why']} | {change} | {', '.join(rules) or 'reviewers'} |")
    return "\n".join([_HEAD, *lines, ""])


def main() -> None:
    """Print the document, or write it."""
    parser = argparse.ArgumentParser(prog="python -m infra.baseline", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write docs/security-baseline.md")
    if parser.parse_args().write:
        DOCUMENT.write_text(document(), encoding="utf-8")
    else:
        print(document())


if __name__ == "__main__":
    main()
