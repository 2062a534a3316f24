"""The seed's notebook, by HTTP end to end: pictures by URL and base64, a question of one's own, its budgets.

The model takes no key here: the app signs in by Entra.
"""

import base64

import httpx2

from local.azure_openai.answers import Answer, Request
from tests.end_to_end.conftest import System

QUESTION = "Describe the images as an alternative text"


async def test_the_notebooks_question_about_pictures_by_url_and_base64(system: System) -> None:
    seen: list[Request] = []

    def rule(request: Request) -> Answer:
        seen.append(request)
        return Answer("Two made-up scenes.")

    by_url, by_base64 = (base64.b64encode(system.picture(rule)).decode() for _ in range(2))
    where = system.stack.addresses
    asked = {
        "images": [{"url": f"data:image/jpeg;base64,{by_url}"}, {"base64": by_base64}],
        "prompt": QUESTION,
        "max_tokens": 300,
        "detail": "low",
        "model": "gpt-5.6-luna",
    }
    async with httpx2.AsyncClient(headers={"x-functions-key": where.function_key}, timeout=30, trust_env=False) as http:
        answer = await http.post(f"{where.api}/describe", json=asked)
    assert answer.status_code == 200, answer.text
    assert answer.json()["answer"] == "Two made-up scenes."
    (request,) = seen
    assert len(request.images) == 2
    assert {image.detail for image in request.images} == {"low"}
    assert any(QUESTION in prompt for prompt in request.prompts)
    assert (request.deployment, request.max_tokens, request.schema) == ("gpt-5.6-luna", 300, None)
