"""Every operation by openapi-python-client; every alternative, null and problem is read."""

import base64
import os
from io import BytesIO
from pathlib import Path

from generated import AuthenticatedClient
from generated.api.default import (
    begin_backfill,
    correct_description,
    correct_description_by_query,
    deep_health,
    describe,
    describe_form,
    describe_picture,
    get_backfill,
    get_coverage,
    get_description,
    get_description_by_query,
    health,
    list_descriptions,
    stop_backfill,
)
from generated.models import (
    AnsweredQuestion,
    Ask,
    AskIncludeType1,
    Blob,
    Change,
    Described,
    DescribedResult,
    DescribeForm,
    ImageByBlob,
    ImageByBlobKind,
    ImageByBytes,
    ImageByBytesKind,
    ImageByUrl,
    ImageByUrlKind,
    NewBackfill,
    ProblemBody,
    Results,
    Undescribed,
)
from generated.types import File

NAME, ODD = os.environ["BLOB"], os.environ["ODD_BLOB"]
PICTURE = Path(os.environ["PICTURE"]).read_bytes()
client = AuthenticatedClient(os.environ["APP"], os.environ["KEY"], prefix="", auth_header_name="x-functions-key")


def check(holds: object, what: str) -> None:
    if not holds:
        raise SystemExit(f"not so: {what}")
    print(f"  {what}")


check(health.sync(client=client), "health")
check(deep_health.sync(client=client).checks, "deepHealth")
in_bytes = ImageByBytes(kind=ImageByBytesKind.BASE64, base64=base64.b64encode(PICTURE).decode())
in_storage = ImageByBlob(kind=ImageByBlobKind.BLOB, blob=Blob(container="images", name=NAME))
elsewhere = ImageByUrl(kind=ImageByUrlKind.URL, url="https://127.0.0.1/x.jpg")
one = describe.sync(client=client, body=Ask(images=[in_bytes]))
check(isinstance(one, Described) and one.alt_text and one.record is None, "describe: a description, and a null")
whole = describe.sync(client=client, body=Ask(images=[in_storage], include=AskIncludeType1.RECORD))
check(whole.record.source.name == NAME and whole.record.demand is None, "describe: the record")
several = describe.sync(client=client, body=Ask(images=[in_bytes, in_storage, elsewhere]))
check(
    isinstance(several, Results) and isinstance(several.results[0], DescribedResult), "describe: several descriptions"
)
check(isinstance(several.results[2], Undescribed) and several.results[2].problem.status == 422, "describe: a problem")
answer = describe.sync(client=client, body=Ask(images=[in_bytes], prompt="What is it?"))
check(isinstance(answer, AnsweredQuestion) and answer.usage.calls >= 0, "describe: an answer")
raw = File(payload=BytesIO(PICTURE))
check(isinstance(describe_picture.sync(client=client, body=raw, languages=["en"]), Described), "describePicture")
form = DescribeForm(images=[File(payload=BytesIO(PICTURE), file_name="a.jpg", mime_type="image/jpeg")])
check(isinstance(describe_form.sync(client=client, body=form), Described), "describeForm")
page = list_descriptions.sync(client=client, prefix="clients/", limit=1)
check(len(page.descriptions) == 1 and page.cursor, "listDescriptions: a cursor")
check(list_descriptions.sync(client=client, prefix="nothing/").cursor is None, "listDescriptions: a null")
check(get_coverage.sync(client=client, prefix="clients/"), "getCoverage")
record = get_description.sync("images", NAME, client=client)
check(record.alt_text and record.cost.usd >= 0 and record.at.year > 2025, "getDescription: numbers, a date")
check(type(record).from_dict(record.to_dict()).to_dict() == record.to_dict(), "getDescription: there and back")
by_query = get_description_by_query.sync(client=client, container="images", name=ODD)
check(by_query.source.name == ODD, "getDescriptionByQuery")
change = Change.from_dict({"texts": {"en": {"alt_text": "Tom."}}})
changed = correct_description.sync("images", NAME, client=client, body=change, if_match="*")
check(changed.alt_text == "Tom.", "correctDescription")
again = correct_description_by_query.sync(client=client, body=change, container="images", name=ODD, if_match="*")
check(again.alt_text == "Tom.", "correctDescriptionByQuery")
begun = begin_backfill.sync(client=client, body=NewBackfill(dry_run=True, prefix="clients/"))
check(begun.id and begun.dry_run, "beginBackfill: a dry run")
check(get_backfill.sync(begun.id, client=client).id == begun.id, "getBackfill")
check(stop_backfill.sync(begun.id, client=client).id == begun.id, "stopBackfill")
problem = get_description.sync("images", "absent.jpg", client=client)
check(isinstance(problem, ProblemBody) and problem.type_.endswith("not-found"), "a problem, typed")
