"""Parses tools' arguments. Agents guess names, so an error for a wrong name lists the right ones."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictInt, StrictStr, ValidationError

from describer.domain.addresses import is_address, is_data_url
from describer.domain.errors import InvalidRequest
from describer.domain.image_ref import ImageRef
from describer.entrypoints.mcp_files import AllowedFiles
from describer.entrypoints.mcp_tools import TOOLS, Tool, with_files
from describer.entrypoints.on_demand.limits import MOST_FOUND, MOST_SOURCES
from describer.entrypoints.on_demand.service import BlobOf, PictureSource, RequestOptions, Url

_MEANT: Final = {
    "image_url": "url", "imageUrl": "url", "uri": "url", "link": "url", "href": "url", "src": "url", "image": "url",
    "base64": "url, as a data: URL", "data": "url, as a data: URL", "image_base64": "url, as a data: URL",
    "path": "blob, or url", "file": "blob, or url", "blob_url": "blob", "blob_name": "blob",
    "lang": "language", "languages": "language", "context": "about", "hint": "about",
    "urls": "images", "blobs": "images", "image_urls": "images",
    "keywords": "words_to_use", "brand_words": "words_to_use", "use": "words_to_use",
    "negative_keywords": "words_to_avoid", "forbidden_words": "words_to_avoid", "avoid": "words_to_avoid",
}  # fmt: skip
"""Names that agents use by mistake, with the right argument."""
_PATHS: Final = frozenset({"path", "filename", "file_path", "filepath", "image_path"})
_QUESTIONS: Final = frozenset({"question", "prompt", "query", "ask", "instruction", "instructions"})
_LONGEST_ADDRESS: Final = 16_384
"""Characters of a blob's address. `urlsplit` keeps what it parsed: pictures in `data:` URLs would stay in memory."""
_NO_BLOB: Final = "blob must be a container and a name, such as images/cat.jpg, or the address of a watched blob."
_Text = Annotated[StrictStr, BeforeValidator(lambda given: "" if given is None else given)]
_Texts = Annotated[tuple[StrictStr, ...], BeforeValidator(lambda given: () if given is None else given)]
_Count = Annotated[StrictInt, Field(ge=1, le=MOST_FOUND), BeforeValidator(lambda given: 20 if given is None else given)]


class _Arguments(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Asking(_Arguments):
    language: _Text = ""
    detail: _Text = ""

    def options(self) -> RequestOptions:
        return RequestOptions(languages=(self.language,) if self.language else (), detail=self.detail)


class DescribeImage(_Asking):
    url: _Text = ""
    blob: _Text = ""
    about: _Text = ""
    profile: _Text = ""
    words_to_use: _Texts = ()
    words_to_avoid: _Texts = ()

    def options(self) -> RequestOptions:
        return replace(
            super().options(),
            context=self.about,
            profile=self.profile,
            words_to_use=self.words_to_use,
            words_to_avoid=self.words_to_avoid,
        )

    def source(self, account: str, files: AllowedFiles | None) -> PictureSource:
        """The picture. Raises InvalidRequest, NotFound."""
        del files
        if bool(self.url) == bool(self.blob):
            raise InvalidRequest("Give exactly one of url and blob.", field="url")
        return by_url(self.url) if self.url else BlobOf(blob(self.blob, account))


class DescribeImageOrFile(DescribeImage):
    """Of `describe_image` where files may be read."""

    file: _Text = ""

    def source(self, account: str, files: AllowedFiles | None) -> PictureSource:
        """The picture. Raises InvalidRequest, NotFound."""
        if files is None:
            return super().source(account, files)
        if sum(map(bool, (self.url, self.blob, self.file))) != 1:
            raise InvalidRequest("Give exactly one of url, blob and file.", field="file")
        return files.source(self.file) if self.file else super().source(account, files)


class AskAboutImages(_Asking):
    question: _Text
    images: Annotated[tuple[StrictStr, ...], Field(min_length=1, max_length=MOST_SOURCES)]

    def sources(self, account: str, files: AllowedFiles | None) -> tuple[PictureSource, ...]:
        """The pictures. Raises InvalidRequest, NotFound."""
        return tuple(_any(image, account, files) for image in self.images)


class _Page(_Arguments):
    container: _Text = ""
    prefix: _Text = ""
    limit: _Count = 20


class FindDescriptions(_Page):
    name: _Text = ""
    status: _Text = ""
    cursor: _Text = ""


class FindUndescribed(_Page): ...


ARGUMENTS: Final[Mapping[str, type[_Arguments]]] = {
    "describe_image": DescribeImage,
    "ask_about_images": AskAboutImages,
    "find_descriptions": FindDescriptions,
    "find_undescribed": FindUndescribed,
}


def read(tool: str, given: object, *, files: bool = False) -> _Arguments:
    """The arguments of a tool; `files`: a picture may be a file.

    Raises:
        InvalidRequest: a sentence for each fault, which repeats no value.
    """
    arguments = DescribeImageOrFile if files and tool == "describe_image" else ARGUMENTS[tool]
    try:
        return arguments.model_validate({} if given is None else given)
    except ValidationError as error:
        schema = (with_files(TOOLS) if files else TOOLS)[tool]
        raise InvalidRequest(" ".join(_faults(schema, error)), field="arguments") from None


def by_url(url: str) -> Url:
    """Return a picture by its URL; one in a `data:` URL is counted with the call."""
    return Url(url, reserved=is_data_url(url))


def blob(text: str, account: str) -> ImageRef:
    """Return a blob by `container/name` or by its address in the account; `account` is empty if unknown.

    Raises:
        InvalidRequest: it is neither. The message does not repeat it, since an address may have a signature.
    """
    if is_address(text) and not _is_in(text, account):
        raise InvalidRequest(_NO_BLOB, field="blob")
    try:
        return _at(text, account) if is_address(text) else ImageRef.parse(text)
    except ValueError:
        raise InvalidRequest(_NO_BLOB, field="blob") from None


def _at(address: str, account: str) -> ImageRef:
    """Return the blob of an address in the account, which is a part of the path where an emulator has it."""
    parsed = urlsplit(address)
    path = parsed.path.removeprefix(f"{urlsplit(account).path.rstrip('/')}/")
    return ImageRef.from_url(f"{parsed.scheme}://{parsed.netloc}/{path}")


def _any(image: str, account: str, files: AllowedFiles | None) -> PictureSource:
    if files and files.roots and files.names(image):
        return files.source(image)
    return by_url(image) if is_address(image) and not _is_in(image, account) else BlobOf(blob(image, account))


def _is_in(address: str, account: str) -> bool:
    if len(address) > _LONGEST_ADDRESS:
        return False
    host = _host(account)
    return host != "" and _host(address) in {host, host.replace(".blob.", ".dfs.", 1)}


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _faults(tool: Tool, error: ValidationError) -> Iterator[str]:
    for fault in error.errors(include_input=False, include_url=False):
        name = str(fault["loc"][0])[:40] if fault["loc"] else ""
        match fault["type"]:
            case "extra_forbidden":
                yield _unknown(tool, name)
            case "missing":
                yield f"{name} is missing."
            case "string_type":
                yield f"{name} must be a text."
            case "int_type" | "greater_than_equal" | "less_than_equal":
                yield f"{name} must be a whole number from 1 to {MOST_FOUND}."
            case _ if not name:
                yield "The arguments must be an object."
            case _ if name == "images":
                yield f"{name} must be a list of 1 to {MOST_SOURCES} texts."
            case _:
                yield f"{name} must be a list of texts."


def _unknown(tool: Tool, name: str) -> str:
    """Return the error for an unknown argument. It repeats only names that agents use; any other may be a secret."""
    known = tool.arguments["properties"]
    names = ", ".join(known)
    if tool.name == "describe_image" and name in _QUESTIONS:
        return f"{name} is not an argument of this tool: ask_about_images answers questions; the arguments are {names}."
    meant = "file" if "file" in known and name in _PATHS else _MEANT.get(name, "")
    if meant.partition(",")[0] in known:
        return f"{name} is not an argument: use {meant}; the arguments are {names}."
    return f"An argument is unknown; the arguments are {names}."
