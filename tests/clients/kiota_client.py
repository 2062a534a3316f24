"""Every operation by Kiota's client for Python; every alternative, null and problem is read."""

import asyncio
import base64
import os
from pathlib import Path

from describer_client.api.description.description_request_builder import DescriptionRequestBuilder as ByQuery
from describer_client.api.descriptions.descriptions_request_builder import DescriptionsRequestBuilder as Pages
from describer_client.api_client import ApiClient
from describer_client.models.answered_question import AnsweredQuestion
from describer_client.models.ask import Ask
from describer_client.models.ask_include import Ask_include
from describer_client.models.blob import Blob
from describer_client.models.change import Change
from describer_client.models.change_texts import Change_texts
from describer_client.models.described import Described
from describer_client.models.described_result import DescribedResult
from describer_client.models.image_by_blob import ImageByBlob
from describer_client.models.image_by_bytes import ImageByBytes
from describer_client.models.image_by_url import ImageByUrl
from describer_client.models.new_backfill import NewBackfill
from describer_client.models.problem_body import ProblemBody
from describer_client.models.results import Results
from describer_client.models.undescribed import Undescribed
from kiota_abstractions.authentication import AuthenticationProvider
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.multipart_body import MultipartBody
from kiota_http.httpx_request_adapter import HttpxRequestAdapter

NAME, ODD = os.environ["BLOB"], os.environ["ODD_BLOB"]
PICTURE = Path(os.environ["PICTURE"]).read_bytes()


class Key(AuthenticationProvider):
    """The library's own refuses http://127.0.0.1."""

    async def authenticate_request(self, request, additional_authentication_context=None):
        request.headers.add("x-functions-key", os.environ["KEY"])


def check(holds: object, what: str) -> None:
    if not holds:
        raise SystemExit(f"not so: {what}")
    print(f"  {what}")


def asking(query=None, **headers: str) -> RequestConfiguration:
    configuration = RequestConfiguration(query_parameters=query)
    for name, value in headers.items():
        configuration.headers.add(name.replace("_", "-"), value)
    return configuration


async def main() -> None:
    adapter = HttpxRequestAdapter(Key())
    adapter.base_url = os.environ["APP"]
    api = ApiClient(adapter).api
    check((await api.health.get()).version, "health")
    check((await api.health.deep.get()).checks, "deepHealth")
    in_bytes = ImageByBytes(kind="base64", base64=base64.b64encode(PICTURE).decode())
    in_storage = ImageByBlob(kind="blob", blob=Blob(container="images", name=NAME))
    elsewhere = ImageByUrl(kind="url", url="https://127.0.0.1/x.jpg")
    one = await api.describe.post(Ask(images=[in_bytes]))
    check(isinstance(one, Described) and one.alt_text and one.record is None, "describe: a description, and a null")
    whole = await api.describe.post(Ask(images=[in_storage], include=Ask_include.Record))
    check(whole.record.source.name == NAME and whole.record.demand is None, "describe: the record")
    several = await api.describe.post(Ask(images=[in_bytes, in_storage, elsewhere]))
    first, _, last = several.results
    check(isinstance(several, Results) and isinstance(first, DescribedResult), "describe: several descriptions")
    check(isinstance(last, Undescribed) and last.problem.status == 422, "describe: a problem among them")
    answer = await api.describe.post(Ask(images=[in_bytes], prompt="What is it?"))
    check(isinstance(answer, AnsweredQuestion) and answer.usage.calls >= 0, "describe: an answer")
    check(isinstance(await api.describe.picture.post(PICTURE, "image/jpeg"), Described), "describePicture")
    form = MultipartBody()
    form.request_adapter = adapter
    form.add_or_replace_part("images", "image/jpeg", PICTURE, "a.jpg")
    check(isinstance(await api.describe.form.post(form), Described), "describeForm")
    query = Pages.DescriptionsRequestBuilderGetQueryParameters
    page = await api.descriptions.get(asking(query(prefix="clients/", limit=1)))
    check(len(page.descriptions) == 1 and page.cursor, "listDescriptions: a cursor")
    check((await api.descriptions.get(asking(query(prefix="nothing/")))).cursor is None, "listDescriptions: a null")
    check(await api.coverage.get(), "getCoverage")
    item = api.descriptions.by_container("images").by_name(NAME)
    record = await item.get()
    check(record.alt_text and record.cost.usd >= 0 and record.at.year > 2025, "getDescription: numbers, a date")
    where = {"container": "images", "name": ODD}
    by_query = await api.description.get(asking(ByQuery.DescriptionRequestBuilderGetQueryParameters(**where)))
    check(by_query.source.name == ODD, "getDescriptionByQuery")
    change = Change(texts=Change_texts(additional_data={"en": {"alt_text": "Tom."}}))
    check((await item.put(change, asking(If_Match="*"))).alt_text == "Tom.", "correctDescription")
    put = ByQuery.DescriptionRequestBuilderPutQueryParameters(**where)
    check(
        (await api.description.put(change, asking(put, If_Match="*"))).alt_text == "Tom.", "correctDescriptionByQuery"
    )
    begun = await api.backfills.post(NewBackfill(dry_run=True, prefix="clients/"))
    check(begun.id and begun.dry_run, "beginBackfill: a dry run")
    backfill = api.backfills.by_backfill_id(begun.id)
    check((await backfill.get()).id == begun.id, "getBackfill")
    check((await backfill.delete()).id == begun.id, "stopBackfill")
    try:
        await api.descriptions.by_container("images").by_name("absent.jpg").get()
    except ProblemBody as problem:
        check(problem.status == 404 and problem.type.endswith("not-found") and not problem.errors, "a problem, typed")
    else:
        check(False, "a problem is raised")


asyncio.run(main())
