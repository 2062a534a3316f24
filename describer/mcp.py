"""The MCP tool `describe_image`: arguments in, JSON out. What an agent is told of it stands at its function."""

import json
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, StrictStr, ValidationError

from describer import bugs
from describer.addresses import is_address
from describer.errors import DescriberError, Misconfigured, Transient, Unacceptable
from describer.events import ImageRef
from describer.ondemand import BlobOf, OnDemand, Order, PictureSource, Url
from describer.record import Record

TOLD: Final = (
    "status",
    "reason",
    "alt_text",
    "description",
    "extended_description",
    "visible_text",
    "tags",
    "is_decorative",
    "language",
    "flags",
)
"""What of a record an agent is told."""

_NO_BLOB: Final = "blob has to be a container and a name, such as images/cat.jpg, and no address."
_Text = Annotated[StrictStr, BeforeValidator(lambda given: "" if given is None else given)]
_log = logging.getLogger(__name__)


class Arguments(BaseModel):
    """What an agent gives; the host checks neither types nor which go together."""

    model_config = ConfigDict(frozen=True)

    url: _Text = ""
    blob: _Text = ""
    language: _Text = ""
    about: _Text = ""

    def source(self) -> PictureSource:
        """The picture. Raises Unacceptable."""
        if bool(self.url) == bool(self.blob):
            raise Unacceptable("Give either url or blob, and not both.", field="url")
        if self.url:
            return Url(self.url)
        container, slash, name = self.blob.partition("/")
        if not (container and slash and name) or is_address(self.blob):
            raise Unacceptable(_NO_BLOB, field="blob")
        return BlobOf(ImageRef(container, name))

    def order(self) -> Order:
        """The other wishes."""
        return Order(languages=(self.language,) if self.language else (), context=self.about)


@dataclass(frozen=True, slots=True)
class DescribeImage:
    """The tool.

    Args:
        desk: where callers ask.
    """

    desk: OnDemand

    async def call(self, arguments: Mapping[str, object]) -> str:
        """JSON of what became of the picture, or of why nothing could."""
        source = None
        try:
            asked = Arguments.model_validate(arguments)
            source = asked.source()
            told = _told(await self.desk.describe(source, self.desk.brief(asked.order())))
        except ValidationError as error:
            told = {"error": " ".join(f"{fault['loc'][0]} has to be a text." for fault in error.errors())}
        except DescriberError as error:
            told = _refused(error, source)
        except Exception as error:  # noqa: BLE001 - the host would log and export it, sentence and all
            _log.error("mcp.failed", extra=bugs.facts(error))
            told = {"error": "Something went wrong inside; the image describer's operators can see where."}
        return json.dumps(told, ensure_ascii=False)


def _told(record: Record) -> dict[str, Any]:
    return record.model_dump(mode="json", include=set(TOLD))


def _refused(error: DescriberError, source: PictureSource | None) -> dict[str, Any]:
    """A sentence for the agent; what is wrong with the installation is for its operators, in the log."""
    _log_refusal(error, source)
    if isinstance(error, Misconfigured):
        return {"error": "What the image describer needs is missing or refuses it; its operators can see what."}
    wait = error.retry_after if isinstance(error, Transient) else None
    told = {"error": f"{str(error).removesuffix('.')}."}
    return told | {"retry_after_seconds": math.ceil(wait)} if wait else told


def _log_refusal(error: DescriberError, source: PictureSource | None) -> None:
    """What is the agent's own fault is logged by its kind: its sentence may quote what the agent said."""
    if isinstance(error, Transient | Misconfigured):
        level = logging.ERROR if isinstance(error, Misconfigured) else logging.WARNING
        picture = {"picture": source.ref} if isinstance(source, BlobOf) else {}
        _log.log(level, "mcp.put_off", extra=picture | {"reason": error.message})
    else:
        _log.info("mcp.refused", extra={"error": type(error).__name__})
