"""A daily budget at the command line: what would go over it is left for later, what is settled costs nothing."""

from local.azure_openai.script import Model
from local.storage import Storage
from tests.cli.conftest import Shell, jpeg

BUDGET = {"DAILY_BUDGET_USD": "0.0015", "MODEL_CONCURRENCY": "1"}


async def _uploaded(storage: Storage, installation: Shell, count: int) -> str:
    container = installation.settings["IMAGES_CONTAINER"]
    async with storage.blob_service() as blobs:
        for number in range(count):
            await blobs.get_blob_client(container, f"{number}.jpg").upload_blob(jpeg(330 + number))
    return container


async def test_what_would_go_over_the_budget_is_left_for_later(
    storage: Storage, installation: Shell, model: Model
) -> None:
    container = await _uploaded(storage, installation, 8)
    names = [f"{number}.jpg" for number in range(8)]
    before = len(model.requests)
    done = await installation.run(
        "describe", "--container", container, *names, "--write", "--json", stdin=b"", **BUDGET
    )
    assert done.code == 4, done.err
    paid = [line["cost"]["usd"] for line in done.lines if line["status"] == "described"]
    later = [line for line in done.lines if line["status"] == "later"]
    assert 1 <= len(paid) == len(model.requests) - before and len(paid) + len(later) == 8
    assert sum(paid) <= 0.0015
    assert all("daily budget of 0.0015 USD" in line["reason"] for line in later)
    doctor = await installation.run("doctor", "--json", stdin=b"", **BUDGET)
    [line] = [line for line in doctor.lines if line["name"] == "model: daily budget"]
    assert line["found"].startswith(f"{sum(paid):.4f} of 0.0015 USD"), "what was not used was given back"


async def test_a_second_run_over_settled_pictures_counts_nothing(
    storage: Storage, installation: Shell, model: Model
) -> None:
    container = await _uploaded(storage, installation, 3)
    describe = ("describe", "--container", container, "0.jpg", "1.jpg", "2.jpg", "--write")
    first = await installation.run(*describe)
    before = len(model.requests)
    second = await installation.run(*describe)
    assert "about 0.00" in first.err and "about 0.000000 USD" not in first.err
    assert "3 described; about 0.000000 USD" in " ".join(second.err.split())
    assert len(model.requests) == before
