"""Makes docs/security-baseline.md from deviations.toml: `python -m infra.baseline --write`; else prints it."""

import argparse
import re
import tomllib
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
DOCUMENT: Final = HERE.parent / "docs" / "security-baseline.md"
_HEAD: Final = """# Security baseline

This page is for security reviewers. It lists where this infrastructure deviates from what scanners and policies ask,
why, and which variable changes it (`azd env set NAME VALUE`). `python -m infra.baseline --write` generates it from
[infra/deviations.toml](../infra/deviations.toml). There are no other deviations: tests compare the list with
checkov's findings, and [ps-rule.yaml](../ps-rule.yaml) suppresses nothing else. PSRule itself and the policies were
run once, by hand, and are not among the project's checks.

Whatever you choose:

- Storage, model, topic, logs and deployments accept Entra tokens only.
- The only keys are those of the Functions host, for callers of the app and for the blob trigger's webhook, and those
  that you create for the [OpenAI-compatible endpoint](openai.md).
- TLS is 1.2 or later. Storage has no public blobs, shared keys, local users or copies to other tenants, and a second
  layer of encryption.
- Roles have the narrowest scope that works ([roles.toml](../tests/cases/roles.toml)).
"""
_VARIABLE: Final = re.compile(r"[A-Z_]{4,}(=[^;\s]+)?")


def rows() -> list[dict[str, Any]]:
    """The deviations, in the order of the file."""
    found: list[dict[str, Any]] = tomllib.loads((HERE / "deviations.toml").read_text(encoding="utf-8"))["stands"]
    return found


def document() -> str:
    """The whole document."""
    lines = ["| Deviation | Reason | Variable | Reported by |", "| --- | --- | --- | --- |"]
    for row in rows():
        rules = [rule for kind in ("checkov", "psrule", "policy") for rule in row.get(kind, [])]
        change = _VARIABLE.sub(r"`\g<0>`", row.get("change", "none"))
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
