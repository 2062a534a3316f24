"""docs/cost.md is what the price tables and the snapshots say."""

import re
import tomllib

import pytest

from infra import cost


def test_the_document_is_generated_from_the_tables() -> None:
    assert cost.DOCUMENT.read_text(encoding="utf-8") == cost.document(), "run: python -m infra.cost --write"


def test_a_price_has_a_source_and_a_page_or_is_left_unknown() -> None:
    for row in tomllib.loads((cost.HERE / "prices.toml").read_text(encoding="utf-8"))["piece"]:
        assert row["page"].startswith("https://azure.microsoft.com/pricing/")
        assert ("each" in row) == ("source" in row), row["name"]


def test_ones_own_figures_can_be_put_in() -> None:
    assert "answers of 900 tokens" in cost.document({"output_tokens": 900})


@pytest.mark.parametrize("name", cost.FAMILIES)
def test_each_model_has_its_row(name: str) -> None:
    assert f"| `{name}` |" in cost.document()


def test_the_default_model_has_its_reason() -> None:
    bicep = (cost.HERE / "main.bicep").read_text(encoding="utf-8")
    assert f"**Why `{re.findall(r"^param modelName string = '(.+)'", bicep, re.MULTILINE)[0]}` is the default**" in (
        cost.document()
    )


def test_no_price_of_the_tables_is_left_to_look_up() -> None:
    assert "see the pricing page" not in cost.document()
