"""The schemas of requests and answers, which validate calls and appear in docs/openapi.json."""

from dataclasses import fields
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, WithJsonSchema, field_validator

from describer.domain.correction import Correction
from describer.domain.description import ImageKind, Texts
from describer.domain.language import FORM, LONGEST
from describer.domain.record import Record, Usage
from describer.domain.status import Status
from describer.entrypoints.http.problems import ProblemBody
from describer.entrypoints.on_demand.corrections import LONGEST_REVIEWER, LONGEST_TEXT, corrected
from describer.entrypoints.on_demand.limits import (
    CHARS,
    IMAGE_TOKENS,
    LONGEST_CONTEXT,
    LONGEST_QUESTION,
    LONGEST_WORD,
    MOST_LANGUAGES,
    MOST_SOURCES,
    MOST_WORDS,
    TOKENS,
)
from describer.entrypoints.on_demand.options import RequestOptions
from describer.entrypoints.on_demand.service import FreeAnswer
from describer.pipeline.coverage import Coverage
from describer.pipeline.ports import Verdict
from describer.vision.answer import Ending
from describer.vision.prompt import PROFILES

EXAMPLE_PICTURE = (
    "iVBORw0KGgoAAAANSUhEUgAAACAAAAAgAQMAAABJtOi3AAAABlBMVEX////IHh7kMBY6AAAAF0lEQVR42mNgIBb8/8"
    "/AxMDAQCWCWAAA9BUCHTVYa/EAAAAASUVORK5CYII="
)
"""A red square on white, 32 pixels wide: a PNG in base64."""
_Language = Annotated[str, Field(pattern=f"^{FORM}$", max_length=LONGEST)]

_Words = Annotated[list[Annotated[str, Field(min_length=1, max_length=LONGEST_WORD)]], Field(max_length=MOST_WORDS)]
LISTS: Final = ("languages", "words_to_use", "words_to_avoid")
"""Options that may be repeated in a query or a form."""


class Answer(BaseModel, json_schema_serialization_defaults_required=True):
    """A part of an answer; open, since later versions add fields."""


class Options(BaseModel, extra="ignore"):
    """Options for descriptions or for an answer."""

    prompt: Annotated[str, Field(min_length=1, max_length=LONGEST_QUESTION, pattern=r"\S")] | None = Field(
        None, description="A question of your own: one free answer about all pictures, instead of descriptions."
    )
    profile: Annotated[str, Field(json_schema_extra={"enum": [*PROFILES]})] | None = Field(
        None, description="Purpose of the description."
    )
    languages: Annotated[list[_Language], Field(min_length=1, max_length=MOST_LANGUAGES)] | None = Field(
        None, description="Languages of the texts (BCP 47), the default first. A free answer is in the first one."
    )
    context: Annotated[str, Field(max_length=LONGEST_CONTEXT)] | None = Field(
        None, description="What you know about the picture. The model gets it as data, not as an instruction."
    )
    words_to_use: _Words | None = Field(None, description="Words that the texts should contain, such as brand names.")
    words_to_avoid: _Words | None = Field(None, description="Words that no text may contain.")
    detail: Literal["low", "high", "original"] | None = Field(None, description="How closely the model looks.")
    max_chars: Annotated[int, Field(ge=CHARS[0], le=CHARS[1])] | None = Field(
        None, description="Maximum length of an alt text in characters; a longer one needs a review."
    )
    max_tokens: Annotated[int, Field(ge=TOKENS[0], le=TOKENS[1])] | None = Field(
        None, description="Cap of the answer in tokens; doubled once if it truncates a description."
    )
    max_image_tokens: Annotated[int, Field(ge=IMAGE_TOKENS[0], le=IMAGE_TOKENS[1])] | None = Field(
        None, description="Token limit of each picture, which is shrunk to it by the model's own rule."
    )
    model: Annotated[str, Field(min_length=1, max_length=100)] | None = Field(
        None, description="A deployment in MODELS_ALLOWED, or the default one."
    )
    write: bool | None = Field(None, description="Store the description, as after an upload of the blob.")
    again: bool | None = Field(
        None, description="Ask for a new answer even if one is stored; people's texts and approvals are kept."
    )
    include: Literal["record"] | None = Field(None, description="`record` adds the whole record, as in the sidecar.")

    @field_validator("languages", mode="before")
    @classmethod
    def _separated(cls, given: Any) -> Any:
        """Split `de,en` in a query or a form into two languages; JSON has lists."""
        if isinstance(given, list) and all(isinstance(tag, str) for tag in given):
            return [tag.strip() for tags in given for tag in tags.split(",")]
        return given

    def request_options(self) -> RequestOptions:
        given = self.model_dump(include={field.name for field in fields(RequestOptions)}, exclude_none=True)
        return RequestOptions(**given | {name: tuple(given[name]) for name in LISTS if name in given})


class ImageByUrl(BaseModel, extra="forbid"):
    """A picture on a public server, or in a `data:` URL."""

    kind: Literal["url"] = "url"
    url: Annotated[str, Field(min_length=1)]


class ImageByBytes(BaseModel, extra="forbid"):
    """A picture in base64 (RFC 4648, with padding)."""

    kind: Literal["base64"] = "base64"
    base64: Annotated[str, Field(min_length=1, json_schema_extra={"contentEncoding": "base64"})]


class Blob(BaseModel, extra="forbid"):
    """A blob's container and name, never URL-encoded."""

    container: Annotated[str, Field(min_length=1, max_length=63)]
    name: Annotated[str, Field(min_length=1, max_length=1024)]


class ImageByBlob(BaseModel, extra="forbid"):
    """A picture in a watched container."""

    kind: Literal["blob"] = "blob"
    blob: Blob


def _by(image: Any) -> str | None:
    present = [name for name in ("url", "base64", "blob") if isinstance(image, dict) and name in image]
    return present[0] if len(present) == 1 else None


type Image = Annotated[
    Annotated[ImageByUrl, Tag("url")] | Annotated[ImageByBytes, Tag("base64")] | Annotated[ImageByBlob, Tag("blob")],
    Discriminator(
        _by,
        custom_error_type="image",
        custom_error_message="Expected an object with exactly one of url, base64 and blob",
    ),
]


class Ask(Options):
    """The JSON body of `POST /api/describe`."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "images": [{"kind": "base64", "base64": EXAMPLE_PICTURE}],
                    "prompt": "Which colour is the square?",
                    "max_tokens": 300,
                },
                {"images": [{"kind": "url", "url": "https://pictures.example/cat.jpg"}], "languages": ["en", "de"]},
                {"images": [{"kind": "blob", "blob": {"container": "images", "name": "pets/cat.jpg"}}], "write": True},
            ]
        },
    )

    images: Annotated[list[Image], Field(min_length=1, max_length=MOST_SOURCES)]

    @field_validator("languages", mode="before")
    @classmethod
    def _separated(cls, given: Any) -> Any:
        return given


class DescribeForm(Options, extra="forbid"):
    """The form of `POST /api/describe/form`."""

    images: Annotated[
        list[Annotated[bytes, WithJsonSchema({"type": "string", "format": "binary"})]],
        Field(min_length=1, max_length=MOST_SOURCES),
    ]


class NewTexts(BaseModel, extra="forbid", strict=True):
    """Texts in one language; a missing text is not changed, an empty one clears the stored text."""

    alt_text: Annotated[str, Field(max_length=LONGEST_TEXT)] | None = None
    description: Annotated[str, Field(max_length=LONGEST_TEXT)] | None = None
    extended_description: Annotated[str, Field(max_length=LONGEST_TEXT)] | None = None


class Change(BaseModel):
    """The JSON body of `PUT /api/descriptions/{container}/{name}`: a person's changes to a record."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [
                {"texts": {"en": {"alt_text": "Tom asleep on a grey sofa."}}},
                {"review": "approved"},
                {"is_decorative": True},
            ]
        },
    )

    texts: Annotated[dict[_Language, NewTexts], Field(max_length=MOST_LANGUAGES)] | None = Field(
        None, description="By language (BCP 47)."
    )
    is_decorative: bool | None = Field(None, description="True clears the alt text in all languages.")
    review: Literal["approved", "rejected", "suggested"] | None = Field(
        None, description="`approved` freezes the texts, `rejected` requires a person's; `suggested` revokes either."
    )
    undo: Annotated[int, Field(ge=1)] | None = Field(
        None, description="The history entry whose texts to restore; 1 is the newest."
    )

    reviewed_by: Annotated[str, Field(max_length=LONGEST_REVIEWER)] | None = Field(
        None, description="Who says so, an id that means nothing to the app; only where REVIEWED_BY is on."
    )

    def correction(self) -> Correction:
        """Return the change as a correction. Raises InvalidRequest."""
        return corrected(
            {tag: texts.model_dump(exclude_none=True) for tag, texts in (self.texts or {}).items()},
            is_decorative=self.is_decorative,
            review=self.review or "",
            undo=self.undo,
            reviewed_by=self.reviewed_by or "",
        )


class Described(Answer):
    """The outcome for one picture."""

    kind: Literal["description"] = "description"
    status: Status
    reason: str
    alt_text: str
    description: str
    extended_description: str
    visible_text: str
    tags: tuple[str, ...]
    image_kind: Annotated[ImageKind | str | None, Field(union_mode="left_to_right")]
    is_decorative: bool
    language: str
    translations: dict[str, Texts]
    flags: tuple[str, ...]
    usage: Usage
    record: Record | None = Field(None, description="With `include=record`.")

    @classmethod
    def of(cls, record: Record, *, whole: bool) -> Self:
        """Return the answer for a record; `whole` adds the record."""
        names = cls.model_fields.keys() - {"kind", "record"}
        return cls(**{name: getattr(record, name) for name in names}, record=record if whole else None)


class DescribedResult(Described):
    """The outcome for one of several pictures."""


class Undescribed(Answer):
    """The problem with one of several pictures; it has no record."""

    kind: Literal["problem"] = "problem"
    status: Literal["unavailable"]
    problem: ProblemBody


type Result = Annotated[DescribedResult | Undescribed, Discriminator("kind")]


class Results(Answer):
    """The outcomes for several pictures, in the given order."""

    kind: Literal["descriptions"] = "descriptions"
    results: list[Result]


class AnsweredQuestion(Answer):
    """One free answer."""

    kind: Literal["answer"] = "answer"
    answer: str
    ending: Ending = Field(
        description="`refused`: the answer is the model's refusal; `filtered`, `cut_off`: it is incomplete."
    )
    model: str
    usage: Usage

    @classmethod
    def of(cls, said: FreeAnswer) -> "AnsweredQuestion":
        return cls(answer=said.text, ending=said.ending, model=said.model, usage=said.usage)


type DescribeAnswer = Annotated[Described | Results | AnsweredQuestion, Discriminator("kind")]


class Entry(Answer):
    """One record in a listing."""

    container: str
    name: str
    status: Status
    language: str
    alt_text: str
    flags: tuple[str, ...]
    review: str
    at: str
    etag: str


class Listing(Answer):
    """A page of records."""

    descriptions: list[Entry]
    cursor: str | None = Field(description="For the next page, or null at the end.")


class LanguageCoverage(BaseModel, extra="forbid"):
    """The coverage of one language."""

    pictures: int = Field(description="Pictures with a published alt text in it, or decorative ones.")
    share: float | None = Field(description="Share of all pictures, 0 to 1; null if there are none.")


class Covered(BaseModel, extra="forbid"):
    """The coverage of a container."""

    container: str
    pictures: int = Field(description="Pictures that should have a text: not excluded, in a supported format.")
    without_record: int
    languages: dict[str, LanguageCoverage]
    statuses: dict[str, int] = Field(description="Number of records by status.")
    not_pictures: int = Field(description="Films, other programs' sidecars and documents, by their names.")
    excluded: int
    orphans: int = Field(description="Records whose picture is gone.")
    drifted: int = Field(description="Pictures whose metadata names another record than the stored one.")

    @classmethod
    def of(cls, counted: Coverage, container: str) -> "Covered":
        return cls(container=container, **counted.facts())


class Health(Answer):
    """The app runs."""

    status: Literal["ok"]
    version: str


class CheckResult(Answer):
    """The result of one health check."""

    name: str
    verdict: Verdict
    seconds: float
    found: str
    advice: str


class DeepHealth(Answer):
    """The results of all health checks."""

    status: Literal["ok", "failed"]
    checks: list[CheckResult]
