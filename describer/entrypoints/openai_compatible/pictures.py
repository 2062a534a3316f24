"""Replaces each picture of a request by the smallest faithful version."""

import base64
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final

from describer.domain.addresses import is_data_url
from describer.domain.errors import DescriberError
from describer.entrypoints.on_demand.limits import DETAILS
from describer.entrypoints.openai_compatible.errors import Refusal, refusal_of
from describer.pipeline.ports import ImagePreparer, Web
from describer.vision import prompt
from describer.vision.families import Families, Family, Patches, Tiles
from describer.vision.image_tokens import image_tokens, parts_tokens
from describer.vision.imaging.values import PreparedImage

MOST: Final = 50
"""Maximum number of pictures in a request."""
_CHOSEN: Final = frozenset(DETAILS)
"""Details that a caller decides on, without `auto`, which leaves that to the server and often means the largest."""
_OF_TILES: Final = frozenset({"low", "high"})
_FILES: Final = frozenset({"file", "input_file"})


@dataclass(frozen=True, slots=True)
class Form:
    """The form of a message's picture part in one of the two interfaces."""

    kind: str
    text: str

    def read(self, part: dict[str, Any], param: str) -> tuple[str, str]:
        """Return the address and detail of a picture. Raises Refusal."""
        nested = self.kind == "image_url"
        given = part.get("image_url")
        held = given if nested and isinstance(given, dict) else part
        url = held.get("url") if nested and held is not part else given
        if part.get("file_id") or not isinstance(url, str):
            sentence = "A picture has to come as a data: or https: address; files are not taken here."
            raise Refusal(400, sentence, param=param, code="invalid_image_url")
        detail = held.get("detail")
        return url, detail if isinstance(detail, str) else ""

    def write(self, url: str, detail: str) -> dict[str, Any]:
        if self.kind == "image_url":
            return {"type": self.kind, "image_url": {"url": url, "detail": detail}}
        return {"type": self.kind, "image_url": url, "detail": detail}


CHAT: Final = Form("image_url", "text")
RESPONSES: Final = Form("input_image", "input_text")


@dataclass(slots=True)
class Counted:
    """Input tokens of a request's pictures by the published rules.

    Args:
        asked: tokens of the received pictures.
        sent: tokens of the sent pictures.
        characters: length of the sent pictures' addresses.
    """

    pictures: int = 0
    asked: int = 0
    sent: int = 0
    characters: int = 0


@dataclass(frozen=True, slots=True)
class Shrinker:
    """Makes the pictures of requests small.

    Args:
        preparer, web: the ports; see ports.py. Addresses are fetched by the app's own rules.
        families: rules for a model's image tokens.
        detail: detail of pictures whose sender does not set it.
    """

    preparer: ImagePreparer
    web: Web
    families: Families
    detail: str

    async def shrink(self, body: dict[str, Any], form: Form, extend: Callable[[int], None]) -> Counted:
        """Replace every picture in `body`, one after the other.

        Args:
            body: the request's body, changed in place.
            form: the form of its interface.
            extend: reserves memory for a fetched picture.

        Raises:
            Refusal: a picture cannot be fetched or prepared, or a part is a file.
        """
        counted = Counted()
        for where, content in list(_contents(body, form)):
            parts: list[Any] = []
            for number, part in enumerate(content):
                param = f"{where}[{number}]"
                kind = _kind(part)
                if kind in _FILES:
                    raise Refusal(400, "Files are not taken here; send pictures and text.", param=param)
                if kind != form.kind:
                    parts.append(part)
                    continue
                counted.pictures += 1
                if counted.pictures > MOST:
                    raise Refusal(400, f"A request has at most {MOST} pictures here.", param=param)
                parts += await self._small(body, part, form, counted, param, extend)
            content[:] = parts
        return counted

    async def _small(
        self,
        body: dict[str, Any],
        part: dict[str, Any],
        form: Form,
        counted: Counted,
        param: str,
        extend: Callable[[int], None],
    ) -> list[dict[str, Any]]:
        url, asked = form.read(part, param)
        known = asked in _details(self.families(body["model"]))
        detail = asked if known else self.detail
        held = (lambda _size: None) if is_data_url(url) else extend
        try:
            data = await self.web.fetch(url, held)
            image = await self.preparer.prepare(data, model=body["model"], detail=detail)
        except DescriberError as error:
            raise refusal_of(error, param) from error
        self._count(counted, image, body["model"], asked if known else "original", detail)
        urls = [f"data:image/jpeg;base64,{base64.b64encode(one.jpeg).decode()}" for one in image.parts]
        counted.characters += sum(map(len, urls))
        order = [{"type": form.text, "text": prompt.parts(len(urls), image.order, 0)}] if image.further else []
        return [*order, *(form.write(one, detail) for one in urls)]

    def _count(self, counted: Counted, image: PreparedImage, model: str, asked: str, detail: str) -> None:
        family = self.families(model)
        sides = (image.header.width, image.header.height) if image.header else (image.width, image.height)
        counted.sent += parts_tokens(family, image.sides, detail) or 0
        counted.asked += image_tokens(family, *sides, asked) or image_tokens(family, *sides, "high") or 0


def _kind(part: object) -> str:
    kind = part.get("type") if isinstance(part, dict) else None
    return kind if isinstance(kind, str) else ""


def _details(family: Family) -> Collection[str]:
    """Return the details that a model takes; one that it does not take counts as none."""
    match family.image:
        case Patches(details):
            return _CHOSEN & details.keys()
        case Tiles():
            return _OF_TILES
        case _:
            return _CHOSEN


def _contents(body: dict[str, Any], form: Form) -> Iterator[tuple[str, list[Any]]]:
    """Yield every list of parts: of messages and of tools' results."""
    name = "messages" if form is CHAT else "input"
    items = body.get(name)
    for number, item in enumerate(items if isinstance(items, list) else ()):
        for member in ("content", "output"):
            content = item.get(member) if isinstance(item, dict) else None
            if isinstance(content, list):
                yield f"{name}[{number}].{member}", content
        if _kind(item) in _FILES | {form.kind}:
            raise Refusal(400, "A picture belongs into the content of a message.", param=f"{name}[{number}]")
