"""Every setting, read once from the environment into one typed, frozen object.

Invalid settings raise `InvalidSettings` with a single message that names every fault, so that indexing stops before the
first event: Event Grid keeps its events for a day, while a running app would use up their tries.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, SecretStr, ValidationError

from describer.domain import language
from describer.domain.by_prefix import ByPrefix
from describer.domain.errors import InvalidSettings
from describer.domain.renditions import SYSTEMS
from describer.vision import prompt
from describer.vision.families import family
from describer.vision.policy import RULE_IDS, TAKES_WORDS

MIB: Final = 2**20
LONGEST_GUIDANCE: Final = 2000
"""Characters of the house style."""
_MANAGED: Final = "managedidentity"
_UNWATCHED: Final = "images"
"""Placeholder for the container of programs that watch none."""


class Provider(StrEnum):
    """The protocol of the model's server."""

    AZURE = "azure"
    OPENAI = "openai"


class Detail(StrEnum):
    """How closely the model looks; always sent, because `auto` means full size on the newest models."""

    LOW = "low"
    HIGH = "high"
    ORIGINAL = "original"


class Need(StrEnum):
    """A group of settings that a program requires; the function app requires all, the command line fewer."""

    MODEL = "model"
    BLOBS = "blobs"
    """Pictures and descriptions."""
    EVENTS = "events"
    """The watched container, and the queues of both accounts."""


@dataclass(frozen=True, slots=True)
class Account:
    """A storage account, by addresses and an identity or by a connection string (emulators).

    Args:
        managed: True for a managed identity (`client_id` names a user-assigned one), else the default credential chain.
    """

    connection_string: str = field(default="", repr=False)
    blob_uri: str = ""
    queue_uri: str = ""
    managed: bool = True
    client_id: str = ""


@dataclass(frozen=True, slots=True)
class ModelServer:
    """The model's server: `model` is the name on the server; the app uses a key, an Entra token, or neither."""

    provider: Provider
    base_url: str
    model: str
    key: str = field(repr=False)
    by_token: bool


def _matching(pattern: str) -> AfterValidator:
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise ValueError(value)
        return value

    return AfterValidator(check)


def _address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(value)
    return value.rstrip("/")


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _listed(value: object) -> object:
    return tuple(item.strip() for item in value.split(",") if item.strip()) if isinstance(value, str) else value


def _event_languages(value: object) -> object:
    listed = _listed(value)
    return listed if listed in {(), ("all",)} or not isinstance(listed, tuple) else _tags(list(listed))


def _tags(items: list[str]) -> tuple[str, ...]:
    tags = tuple(language.normal(item) for item in items)
    if not tags or len(set(tags)) < len(tags):
        raise ValueError(items)
    return tags


def _profile(items: list[str]) -> str:
    profile, *more = items or [prompt.DESCRIBE]
    if more or profile not in prompt.PROFILES:
        raise ValueError(items)
    return profile


def _text(items: list[str]) -> str:
    if len(text := " ".join(items)) > LONGEST_GUIDANCE:
        raise ValueError(items)
    return text


def _by_prefix(
    between: str, value: Callable[[list[str]], Any], inner: Callable[[str], list[str]] = lambda found: [found]
) -> BeforeValidator:
    def read(given: object) -> object:
        return ByPrefix.read(given, between, value, inner) if isinstance(given, str) else given

    return BeforeValidator(read)


def _rule_words(value: object) -> object:
    """Parse `rule=word` items as pairs."""
    if not isinstance(value, str):
        return value
    pairs = [tuple(part.strip() for part in item.split("=", 1)) for item in value.split(",") if item.strip()]
    if any(len(pair) != 2 or pair[0] not in TAKES_WORDS or not pair[1] for pair in pairs):
        raise ValueError(value)
    return tuple(pairs)


def _setting(name: str, default: Any, about: str, expected: str, **limits: Any) -> Any:
    """Return one row of the settings table; `expected` completes the sentence about an invalid value."""
    return Field(default, alias=name, description=about, json_schema_extra={"expected": expected}, **limits)


def _whole(name: str, default: int, limits: tuple[int, int], about: str) -> Any:
    least, most = limits
    return _setting(name, default, about, f"a whole number from {least} to {most}", ge=least, le=most)


def _number(name: str, default: float, limits: tuple[float, float], about: str) -> Any:
    least, most = limits
    return _setting(name, default, about, f"a number from {least} to {most}", ge=least, le=most)


def _flag(name: str, default: bool, about: str) -> Any:
    return _setting(name, default, about, "true or false")


_Languages = Annotated[ByPrefix[tuple[str, ...]], _by_prefix(",", _tags, lambda found: found.split("+"))]
_Profiles = Annotated[ByPrefix[str], _by_prefix(",", _profile)]
_Guidance = Annotated[ByPrefix[str], _by_prefix("|", _text)]
_EventLanguages = Annotated[tuple[str, ...], BeforeValidator(_event_languages)]
_Systems = Annotated[tuple[Annotated[str, _matching("|".join(SYSTEMS))], ...], BeforeValidator(_listed)]
_Rules = Annotated[tuple[Annotated[str, _matching("|".join(RULE_IDS))], ...], BeforeValidator(_listed)]
_RuleWords = Annotated[tuple[tuple[str, str], ...], BeforeValidator(_rule_words)]
# Metadata keys that the app itself writes are excluded, since each answer would change the next request.
_Context = Annotated[
    tuple[
        Annotated[
            str, _matching(r"file_name|folder|embedded|metadata:(?!(?i:alt_text$|is_decorative$|description))\w{1,100}")
        ],
        ...,
    ],
    BeforeValidator(_listed),
]
_Address = Annotated[str, AfterValidator(_address)]
_Time = Annotated[str, _matching(r"(([01][0-9]|2[0-3]):[0-5][0-9])?")]
_Which = Annotated[
    tuple[Annotated[str, _matching("missing|stale|failed|review|all")], ...],
    BeforeValidator(_listed),
    Field(min_length=1),
]
_List = Annotated[tuple[str, ...], BeforeValidator(_listed)]
# No blob's name contains a segment `.` or `..`, so such a pattern would exclude nothing.
_Globs = Annotated[
    tuple[Annotated[str, _matching(r"(?!(.*[/\\])?\.{1,2}([/\\]|$))[^{}]*")], ...], BeforeValidator(_listed)
]
# Microsoft's rule for container names: 3 to 63 characters of a-z, 0-9 and single inner hyphens.
_NAME: Final = r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*"
_Container = Annotated[str, _matching(_NAME)]
# Azure's special containers: a static website, and blobs without a container.
_Watched = Annotated[str, _matching(rf"\$web|\$root|{_NAME}")]
# A name, a name with wildcards, or an IPv6 address in brackets; and a port.
_HostGlob = Annotated[str, _matching(r"([a-z0-9*_-]+(\.[a-z0-9*_-]+)*|\[[0-9a-f:]+\])(:[0-9]{1,5})?")]
_Hosts = Annotated[tuple[_HostGlob, ...], BeforeValidator(_listed)]
_GUID: Final = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_Tenant = Annotated[str, BeforeValidator(_lower), _matching(rf"({_GUID})?")]
_Ids = Annotated[tuple[Annotated[str, BeforeValidator(_lower), _matching(_GUID)], ...], BeforeValidator(_listed)]
_Credential = Literal["", "managedidentity"]
_ADDRESS: Final = "an address such as https://NAME.blob.core.windows.net"
_QUEUE_ADDRESS: Final = "an address such as https://NAME.queue.core.windows.net"
_HOSTS: Final = "comma-separated host names in lower case, * for any characters, such as *.example.com,example.org:8443"
_GLOBS: Final = "comma-separated globs without braces or segments . and .., such as *.jpg,*.png"
_CONTAINER: Final = "a container name: 3 to 63 lower-case letters, digits and single hyphens"
_WATCHED: Final = f"{_CONTAINER}; or $web; or $root, except for the blob trigger"


class Settings(BaseModel, frozen=True, extra="ignore"):
    """The settings; create them with `Settings.read(os.environ)`."""

    # Containers of pictures and descriptions
    images_container: _Watched = _setting(
        "IMAGES_CONTAINER",
        ...,
        "The container that the app watches. The blob trigger's path contains its name.",
        _WATCHED,
    )
    more_containers: Annotated[tuple[_Watched, ...], BeforeValidator(_listed)] = _setting(
        "IMAGES_MORE_CONTAINERS",
        (),
        "Further containers to watch, in the same account (not on the route blobTrigger, see docs/deploy.md).",
        "comma-separated container names",
    )
    descriptions_container: _Container = _setting(
        "DESCRIPTIONS_CONTAINER", "descriptions", "The container for the sidecars, in the same account.", _CONTAINER
    )
    images_include: _Globs = _setting(
        "IMAGES_INCLUDE", (), "Describe only blobs that match one of these globs (empty: all blobs).", _GLOBS
    )
    images_exclude: _Globs = _setting("IMAGES_EXCLUDE", (), "Never read blobs that match one of these globs.", _GLOBS)
    renditions: _Systems = _setting(
        "RENDITIONS", (),
        ("Content systems whose derived sizes get the texts of their original, without a call of the model "
         "(docs/cms.md)."),
        f"one or more of {', '.join(SYSTEMS)}, comma-separated",
    )  # fmt: skip
    write_metadata: bool = _flag(
        "WRITE_METADATA", True,
        "Copy the texts into the picture's metadata. With false the app does not change pictures.",
    )  # fmt: skip

    events_topic_endpoint: _Address = _setting(
        "EVENTS_TOPIC_ENDPOINT",
        "",
        "The custom topic on which the app publishes outcomes (empty: it publishes none).",
        "an address such as https://NAME.REGION-1.eventgrid.azure.net/api/events",
    )

    events_texts: _EventLanguages = _setting(
        "EVENTS_TEXTS", (), "Languages whose published texts the events contain (empty: none).",
        "all, or comma-separated BCP 47 tags, such as en,de",
    )  # fmt: skip

    # The request
    languages_by_prefix: _Languages = _setting(
        "DESCRIPTION_LANGUAGES", ByPrefix(("en",)),
        "Languages of the texts, the default language first. Globs set other languages for some names.",
        "comma-separated BCP 47 tags, each once, such as en,de,pt-BR or en,shop/fr/**=fr+en",
    )  # fmt: skip
    profiles: _Profiles = _setting(
        "DESCRIPTION_PROFILE", ByPrefix(prompt.DESCRIBE),
        "The purpose of the descriptions. Globs set another profile for some names.",
        f"one of {', '.join(prompt.PROFILES)}, such as news or describe,shop/**=product",
    )  # fmt: skip
    guidance: _Guidance = _setting(
        "DESCRIPTION_GUIDANCE", ByPrefix(""),
        "Your house style, which the model follows. Globs set another one for some names.",
        f"at most {LONGEST_GUIDANCE} characters, such as Use British spelling. | shop/**=Name the colour first.",
    )  # fmt: skip
    context_of: _Context = _setting(
        "DESCRIPTION_CONTEXT", (), "Facts about each blob that the model gets, as data.",
        "one or more of file_name, folder, embedded, metadata:KEY, comma-separated; no key that the app writes",
    )  # fmt: skip
    keywords_use: _List = _setting(
        "KEYWORDS_USE", (),
        "Words that the texts should contain. With a profile's name before it, a word is for that profile only.",
        "comma-separated words, such as Acme,product:TrailRunner",
    )  # fmt: skip
    keywords_avoid: _List = _setting(
        "KEYWORDS_AVOID", (), "Words that no text may contain. Profiles work as for KEYWORDS_USE.",
        "comma-separated words, such as cheap,news:tragic",
    )  # fmt: skip
    soft_chars: int = _whole("ALT_TEXT_SOFT_CHARS", 125, (20, 2000), "The length of alt text that the model aims at.")
    hard_chars: int = _whole(
        "ALT_TEXT_HARD_CHARS", 250, (20, 2000),
        "The longest alt text. If one is longer, the app asks again, then requests a review.",
    )  # fmt: skip
    rules_off: _Rules = _setting(
        "QUALITY_RULES_OFF", (), "Checks to switch off; docs/quality.md lists them.",
        "comma-separated ids of rules, such as hedging,stuffing",
    )  # fmt: skip
    rule_words: _RuleWords = _setting(
        "QUALITY_WORDS", (), "Words to add to checks; docs/quality.md says to which.",
        f"comma-separated rule=word; the rules are {', '.join(TAKES_WORDS)}",
    )  # fmt: skip
    detail: Detail = _setting(
        "IMAGE_DETAIL", Detail.HIGH, "How closely the model looks at a picture.", "low, high or original"
    )
    photo_tokens: int = _whole(
        "IMAGE_PHOTO_TOKENS", 0, (0, 32000),
        "Limit in input tokens for a picture without small text (0: only the model's own limits).",
    )  # fmt: skip
    text_tokens: int = _whole(
        "IMAGE_TEXT_TOKENS", 6000, (0, 32000),
        "Limit in input tokens for a picture with small text, all its parts together (0: as for other pictures).",
    )  # fmt: skip
    embedded_context: bool = _flag(
        "EMBEDDED_CONTEXT", False,
        "Give the model the title and description that the picture's author wrote into the file.",
    )  # fmt: skip
    xmp_sidecars: bool = _flag(
        "XMP_SIDECARS", False, "Read the XMP file beside a picture (`cat.xmp`, `cat.jpg.xmp`) as its author's text."
    )
    max_completion_tokens: int = _whole(
        "MAX_COMPLETION_TOKENS", 1500, (100, 32000),
        "Limit for one answer, in tokens. If it cuts an answer off, the app doubles it once.",
    )  # fmt: skip

    # Limits
    max_image_mb: float = _number(
        "MAX_IMAGE_MB", 100, (0.001, 1000), "The largest blob to read, in MiB. Larger ones get the status too_large."
    )
    decode_memory_mb: int = _whole(
        "DECODE_MEMORY_MB", 700, (16, 4000),
        "Memory limit for decoding one picture, in MiB. If a picture needs more, its status is too_large.",
    )  # fmt: skip
    model_concurrency: int = _whole("MODEL_CONCURRENCY", 32, (1, 256), "Simultaneous calls of the model, per instance.")
    model_tokens_per_minute: int = _whole(
        "MODEL_TOKENS_PER_MINUTE", 0, (0, 10**9),
        "The deployment's quota; backfills use it to estimate their time (0: unknown).",
    )  # fmt: skip
    daily_budget_usd: float = _number(
        "DAILY_BUDGET_USD", 0, (0, 10**6),
        ("Limit for the model's cost per day (UTC), by list price, for all instances together. Pictures beyond it "
         "wait for the next day (0: no limit)."),
    )  # fmt: skip
    model_deadline_seconds: float = _number(
        "MODEL_DEADLINE_SECONDS", 90, (1, 300), "Timeout for one call of the model, without the wait for a free slot."
    )
    max_attempts: int = _whole(
        "MAX_ATTEMPTS", 5, (1, 100),
        "Attempts at a picture that may itself be the cause of a failure; then its status is failed.",
    )  # fmt: skip
    max_wait_days: int = _whole(
        "MAX_WAIT_DAYS", 14, (1, 365),
        ("The longest time that the app retries a picture if the cause is unknown, such as an outage; then its "
         "status is failed. If the installation is at fault, the app retries without limit."),
    )  # fmt: skip
    blocked_last_pictures: int = _whole(
        "BLOCKED_LAST_PICTURES", 20, (0, 1000),
        ("If the server blocks a picture: how many recent answers for other pictures the app considers, to find out "
         "whether only this one is blocked (0: it sends a harmless picture each time)."),
    )  # fmt: skip
    blocked_window_seconds: float = _number(
        "BLOCKED_WINDOW_SECONDS", 60, (1, 3600), "How long the app considers such an answer, in seconds."
    )
    reviewed_by: bool = _flag(
        "REVIEWED_BY", False, "Keep with each text the id of the person who wrote or approved it (`reviewed_by`)."
    )
    deleted_retention_days: int = _whole(
        "DELETED_RETENTION_DAYS", 30, (0, 3650),
        ("Days for which the app keeps the record of a deleted picture if a person wrote in it. Then it is removed at "
         "DELETED_CLEANUP_AT, or by `describer orphans --write`."),
    )  # fmt: skip
    deleted_cleanup_at: _Time = _setting(
        "DELETED_CLEANUP_AT",
        "",
        "When the app removes the records of deleted pictures each night (UTC; empty: never).",
        "a time such as 03:30",
    )  # fmt: skip
    retry_base_seconds: float = _number(
        "RETRY_BASE_SECONDS", 10, (0.1, 3600), "The first retry delay. It doubles with each retry, up to an hour."
    )

    held_images_mb: int = _whole(
        "HELD_IMAGES_MB", 256, (16, 16000),
        "Memory for picture files, per instance, in MiB. Blobs wait for it; a request body beyond it gets 429.",
    )  # fmt: skip

    # Pictures that are stored already
    nightly_backfill_at: _Time = _setting(
        "NIGHTLY_BACKFILL_AT", "",
        "When the app looks each night for pictures whose event did not arrive (UTC; empty: never).",
        "a time such as 02:30",
    )  # fmt: skip
    nightly_backfill_only: _Which = _setting(
        "NIGHTLY_BACKFILL_ONLY", ("missing",), "Which of these pictures it describes.",
        "one or more of missing, stale, failed, review, all, comma-separated",
    )  # fmt: skip
    nightly_backfill_max_pictures: int = _whole(
        "NIGHTLY_BACKFILL_MAX_PICTURES", 1000, (1, 10**6), "The most pictures that it describes in one night."
    )

    # Pictures by URL
    url_allow_http: bool = _flag(
        "URL_ALLOW_HTTP", False, "Fetch pictures over plain http too, which others on the network can read and change."
    )
    url_allow_hosts: _Hosts = _setting(
        "URL_ALLOW_HOSTS", (),
        ("Fetch only from these hosts (empty: any public host). For ports other than 443 (80 for http), name the "
         "port here."),
        _HOSTS,
    )  # fmt: skip
    url_deny_hosts: _Hosts = _setting(
        "URL_DENY_HOSTS",
        (),
        "Never fetch from these hosts, even if URL_ALLOW_HOSTS allows them. Without a port, all ports.",
        _HOSTS,
    )
    url_timeout_seconds: float = _number(
        "URL_TIMEOUT_SECONDS", 30, (1, 200), "Timeout for fetching one picture, including redirects."
    )

    # The model
    provider: Provider | None = _setting(
        "MODEL_PROVIDER",
        None,
        "Which of the two endpoints the app uses. Set it only if both are set.",
        "azure or openai",
    )
    azure_openai_endpoint: _Address = _setting(
        "AZURE_OPENAI_ENDPOINT",
        "",
        "The address of the Azure OpenAI resource.",
        "an address such as https://NAME.openai.azure.com",
    )
    azure_openai_deployment: str = _setting(
        "AZURE_OPENAI_DEPLOYMENT", "", "The name of the model's deployment.", "a deployment's name"
    )
    azure_openai_api_key: SecretStr = _setting(
        "AZURE_OPENAI_API_KEY",
        SecretStr(""),
        "A key of that resource. Leave it empty to use an Entra token instead, which is safer.",
        "a key",
    )
    azure_openai_scope: _Address = _setting(
        "AZURE_OPENAI_SCOPE", "https://ai.azure.com/.default", "The scope of the Entra token.",
        "a scope such as https://cognitiveservices.azure.com/.default",
    )  # fmt: skip
    openai_base_url: _Address = _setting(
        "OPENAI_BASE_URL",
        "",
        "The address of any other compatible server.",
        "an address such as http://127.0.0.1:11434/v1",
    )
    openai_api_key: SecretStr = _setting(
        "OPENAI_API_KEY", SecretStr(""), "The key of that server, if it needs one.", "a key"
    )
    openai_model: str = _setting("OPENAI_MODEL", "", "The model's name on that server.", "a model's name")
    models_allowed: _List = _setting(
        "MODELS_ALLOWED", (), "Further deployments that a caller may choose. Each name begins with its model's name.",
        "comma-separated names, such as gpt-5.6-sol,gpt-5.6-luna-eu",
    )  # fmt: skip
    model_family: str = _setting(
        "MODEL_FAMILY", "", "The model's row in models.toml, if the deployment's name does not begin with it.",
        "a name from describer/vision/models.toml, such as gpt-5.6-luna",
    )  # fmt: skip

    batch_deployment: str = _setting(
        "BATCH_DEPLOYMENT", "", "The deployment that answers batches, of the same model (SKU GlobalBatch or "
        "DataZoneBatch); empty: backfills ask one picture at a time.", "a deployment's name",
    )  # fmt: skip

    # Other programs' questions (docs/openai.md)
    openai_compatible_keys: SecretStr = _setting(
        "OPENAI_COMPATIBLE_KEYS", SecretStr(""), "Keys for the endpoint /api/openai, as a Key Vault reference "
        "(empty: the endpoint is off).", "comma-separated NAME:KEY, each key of at least 32 random bytes",
    )  # fmt: skip
    openai_compatible_calls: int = _whole(
        "OPENAI_COMPATIBLE_CALLS_PER_DAY", 1000, (1, 10**7),
        "Limit in calls per day for each of these keys, per instance.",
    )  # fmt: skip
    openai_compatible_usd: float = _number(
        "OPENAI_COMPATIBLE_USD_PER_DAY", 5, (0.01, 10**5),
        "Limit in US dollars per day for each of these keys, per instance.",
    )  # fmt: skip
    openai_compatible_tenant: _Tenant = _setting(
        "OPENAI_COMPATIBLE_TENANT", "", "Entra tenant whose tokens the endpoint /api/openai accepts (empty: none).",
        "a tenant's id, a GUID",
    )  # fmt: skip
    openai_compatible_audience: str = _setting(
        "OPENAI_COMPATIBLE_AUDIENCE", "", "Application in that tenant for which the tokens must be issued.",
        "an application's id, or its application id URI, such as api://ID",
    )  # fmt: skip
    openai_compatible_roles: _List = _setting(
        "OPENAI_COMPATIBLE_ROLES", (), "App roles that may call the endpoint /api/openai.",
        "comma-separated names of app roles",
    )  # fmt: skip
    openai_compatible_identities: _Ids = _setting(
        "OPENAI_COMPATIBLE_IDENTITIES", (), "Identities that may call the endpoint /api/openai without a role.",
        "comma-separated object ids",
    )  # fmt: skip

    # Telemetry
    insights_connection: SecretStr = _setting(
        "APPLICATIONINSIGHTS_CONNECTION_STRING", SecretStr(""),
        "Where traces, metrics and logs go (empty: nowhere). The Functions host reads it too.",
        "a connection string of Application Insights",
    )  # fmt: skip
    telemetry_blob_names: bool = _flag(
        "TELEMETRY_BLOB_NAMES", False,
        "Use blob names in telemetry. With false, telemetry has the container and a hash.",
    )  # fmt: skip

    # Connections, by the names that the Functions host reads too
    images_connection: SecretStr = _setting(
        "IMAGES", SecretStr(""), "Connection string of the images account, for emulators only.", "a connection string"
    )
    images_blob_uri: _Address = _setting(
        "IMAGES__blobServiceUri", "", "The images account, with managed identity.", _ADDRESS
    )
    images_queue_uri: _Address = _setting(
        "IMAGES__queueServiceUri", "",
        ("Where the trigger keeps its poison queue: the app's own account, so that the app needs no other "
         "account's queues."),
        _QUEUE_ADDRESS,
    )  # fmt: skip
    images_credential: _Credential = _setting(
        "IMAGES__credential",
        "",
        "`managedidentity` on Azure (empty: the signed-in user).",
        "managedidentity, or empty",
    )
    images_client_id: str = _setting("IMAGES__clientId", "", "The user-assigned identity.", "a client id")
    host_connection: SecretStr = _setting(
        "AzureWebJobsStorage", SecretStr(""), "Connection string of the app's own account, for emulators only.",
        "a connection string",
    )  # fmt: skip
    host_blob_uri: _Address = _setting(
        "AzureWebJobsStorage__blobServiceUri", "", "The app's own account, with managed identity.", _ADDRESS
    )
    host_queue_uri: _Address = _setting(
        "AzureWebJobsStorage__queueServiceUri", "", "The queues of that account, such as `image-work`.", _QUEUE_ADDRESS,
    )  # fmt: skip
    host_credential: _Credential = _setting(
        "AzureWebJobsStorage__credential", "", "`managedidentity` on Azure (empty: the signed-in user).",
        "managedidentity, or empty",
    )  # fmt: skip
    host_client_id: str = _setting("AzureWebJobsStorage__clientId", "", "The user-assigned identity.", "a client id")

    @classmethod
    def read(cls, environ: Mapping[str, str], needs: Collection[Need] = tuple(Need)) -> Self:
        """Return the settings in `environ`; empty values count as absent. Values that are not needed must be valid too.

        Raises:
            InvalidSettings: with one message that names every fault and what was expected.
        """
        given = {name: value for name, value in environ.items() if value.strip()}
        faults = list(_absences(given, needs))
        unneeded = {} if Need.EVENTS in needs else {"IMAGES_CONTAINER": _UNWATCHED}
        try:
            settings = cls.model_validate(unneeded | given)
        except ValidationError as error:
            raise InvalidSettings([*_faults(cls, error, given), *faults]) from error
        if faults:
            raise InvalidSettings(faults)
        return settings

    @property
    def containers(self) -> tuple[str, ...]:
        return (self.images_container, *self.more_containers)

    @property
    def caller_keys(self) -> tuple[tuple[str, str], ...]:
        """Names and keys of the OpenAI-compatible interface's callers."""
        return tuple(_key_pairs(self.openai_compatible_keys.get_secret_value()))

    @property
    def openai_compatible(self) -> bool:
        """Whether anybody may call the interface in OpenAI's form."""
        return bool(self.caller_keys or self.openai_compatible_tenant)

    @property
    def audiences(self) -> tuple[str, ...]:
        """The audiences of accepted tokens: an application's tokens name its id, or its URI, by their version."""
        audience = self.openai_compatible_audience
        number = audience.removeprefix("api://")
        return tuple(dict.fromkeys((audience, number, f"api://{number}"))) if _UUID.fullmatch(number) else (audience,)

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages of pictures that match no glob of DESCRIPTION_LANGUAGES."""
        return self.languages_by_prefix.default

    @property
    def max_bytes(self) -> int:
        """`MAX_IMAGE_MB` in bytes."""
        return int(self.max_image_mb * MIB)

    @property
    def images_account(self) -> Account:
        """The account of the pictures and of the descriptions."""
        managed = self.images_credential == _MANAGED
        secret = self.images_connection.get_secret_value()
        return Account(secret, self.images_blob_uri, self.images_queue_uri, managed, self.images_client_id)

    @property
    def host_account(self) -> Account:
        managed = self.host_credential == _MANAGED
        secret = self.host_connection.get_secret_value()
        return Account(secret, self.host_blob_uri, self.host_queue_uri, managed, self.host_client_id)

    @property
    def model_server(self) -> ModelServer:
        """The server whose endpoint is set, or the one that `MODEL_PROVIDER` names."""
        chosen = self.provider or (Provider.AZURE if self.azure_openai_endpoint else Provider.OPENAI)
        if chosen is Provider.OPENAI:
            secret = self.openai_api_key.get_secret_value()
            return ModelServer(chosen, self.openai_base_url, self.openai_model, secret, by_token=False)
        base_url = self.azure_openai_endpoint.removesuffix("/openai/v1") + "/openai/v1/"
        key = self.azure_openai_api_key.get_secret_value()
        return ModelServer(chosen, base_url, self.azure_openai_deployment, key, by_token=not key)


def _faults(model: type[BaseModel], error: ValidationError, given: Mapping[str, str]) -> Iterator[str]:
    fields = {field.alias: field for field in model.model_fields.values()}
    for name in dict.fromkeys(str(fault["loc"][0]) for fault in error.errors(include_input=False)):
        extra = fields[name].json_schema_extra
        expected = extra["expected"] if isinstance(extra, dict) else ""
        yield (
            f"{name} is {given[name]!r}; expected {expected}."
            if name in given
            else f"{name} is not set; expected {expected}."
        )


def _absences(given: Mapping[str, str], needs: Collection[Need]) -> Iterator[str]:
    """Yield faults between settings. Only present values are examined, so that these are found beside invalid ones."""
    for account, need in (("IMAGES", Need.BLOBS), ("AzureWebJobsStorage", Need.EVENTS)):
        wanted = ((f"{account}__blobServiceUri", need), (f"{account}__queueServiceUri", Need.EVENTS))
        missing = {name for name, need in wanted if need in needs} - given.keys()
        if account not in given and missing:
            addresses = {name: _QUEUE_ADDRESS if "queue" in name else _ADDRESS for name in sorted(missing)}
            for name, address in addresses.items():
                yield f"{name} is not set; expected {address} (or, for an emulator, {account})."
    soft, hard = (
        given.get(name, usual) for name, usual in (("ALT_TEXT_SOFT_CHARS", "125"), ("ALT_TEXT_HARD_CHARS", "250"))
    )
    if soft.isdigit() and hard.isdigit() and int(soft) > int(hard):
        yield f"ALT_TEXT_SOFT_CHARS is {soft}; expected at most ALT_TEXT_HARD_CHARS ({hard})."
    descriptions = given.get("DESCRIPTIONS_CONTAINER", "descriptions")
    for name in ("IMAGES_CONTAINER", "IMAGES_MORE_CONTAINERS"):
        if descriptions in {item.strip() for item in given.get(name, "").split(",")}:
            yield f"{name} names the DESCRIPTIONS_CONTAINER ({descriptions}); expected another one."
    yield from _openai_compatible_faults(given)
    if Need.MODEL in needs:
        yield from _model_absences(given)
        yield from _budget_faults(given)


_UUID: Final = re.compile(_GUID, re.IGNORECASE)
_REFERENCE: Final = "@microsoft.keyvault("
_CALLER_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")
_KEY_CHARACTERS: Final = 43
"""Of 32 bytes in Base64 without padding; in hexadecimal there are 64."""
_KEY_VARIETY: Final = 12
"""Different characters that random bytes have in any case, in hexadecimal too."""


def _key_pairs(value: str) -> Iterator[tuple[str, str]]:
    for item in value.split(","):
        name, colon, key = item.strip().partition(":")
        if item.strip():
            yield (name, key) if colon else ("default", name)


def _openai_compatible_faults(given: Mapping[str, str]) -> Iterator[str]:
    """Yield faults of the keys, without a character of any, and of the tokens."""
    names = ("TENANT", "AUDIENCE", "ROLES", "IDENTITIES")
    tenant, audience, roles, identities = (given.get(f"OPENAI_COMPATIBLE_{name}", "").strip(" ,") for name in names)
    if tenant and not audience:
        yield "OPENAI_COMPATIBLE_AUDIENCE is missing; tokens for any application of the tenant would be accepted."
    if tenant and not roles and not identities:
        yield "OPENAI_COMPATIBLE_ROLES or OPENAI_COMPATIBLE_IDENTITIES is missing; anybody in the tenant could call."
    if not tenant and (audience or roles or identities):
        yield "OPENAI_COMPATIBLE_TENANT is missing; the other settings for tokens have no effect without it."
    value = given.get("OPENAI_COMPATIBLE_KEYS", "")
    if value.lower().startswith(_REFERENCE):
        yield "OPENAI_COMPATIBLE_KEYS is an unresolved Key Vault reference; give the app's identity the secret."
        return
    pairs = list(_key_pairs(value))
    if len({name for name, _ in pairs}) < len(pairs) or not all(_CALLER_NAME.fullmatch(name) for name, _ in pairs):
        yield "OPENAI_COMPATIBLE_KEYS: expected comma-separated NAME:KEY, each name once, of letters, digits, - and _."
    for number, (_, key) in enumerate(pairs, 1):
        if len(key) < _KEY_CHARACTERS or len(set(key)) < _KEY_VARIETY or not key.isascii() or re.search(r"\s", key):
            sentence = "expected at least 32 random bytes, such as `openssl rand -base64 32` gives"
            yield f"OPENAI_COMPATIBLE_KEYS: key number {number} is too weak; {sentence}."


_EXPORTS: Final = """
      export AZURE_OPENAI_ENDPOINT=https://NAME.openai.azure.com AZURE_OPENAI_DEPLOYMENT=gpt-5.6-luna
      export OPENAI_BASE_URL=http://127.0.0.1:11434/v1 OPENAI_MODEL=gemma3"""


def _model_absences(given: Mapping[str, str]) -> Iterator[str]:
    endpoints = {"azure": "AZURE_OPENAI_ENDPOINT", "openai": "OPENAI_BASE_URL"}
    names = {"azure": "AZURE_OPENAI_DEPLOYMENT", "openai": "OPENAI_MODEL"}
    present = [provider for provider, endpoint in endpoints.items() if endpoint in given]
    chosen = given.get("MODEL_PROVIDER", present[0] if len(present) == 1 else "")
    if not present:
        absent = "AZURE_OPENAI_ENDPOINT or OPENAI_BASE_URL: neither is set"
        yield f"{absent}; expected the address of a model, such as one of{_EXPORTS}"
    elif not chosen:
        yield "AZURE_OPENAI_ENDPOINT and OPENAI_BASE_URL are both set; expected MODEL_PROVIDER=azure or openai."
    elif chosen in endpoints:
        yield from (
            f"{name} is not set; expected it with MODEL_PROVIDER={chosen} or its endpoint."
            for name in (endpoints[chosen], names[chosen])
            if name not in given
        )
        yield from _family_faults(given, names[chosen])


def _budget_faults(given: Mapping[str, str]) -> Iterator[str]:
    """Yield faults of the daily budget: it needs prices and storage that all instances share."""
    if not given.get("DAILY_BUDGET_USD", "").strip("0."):
        return
    named = given.get("MODEL_FAMILY") or given.get("AZURE_OPENAI_DEPLOYMENT") or given.get("OPENAI_MODEL") or ""
    models = [named, *(each.strip() for each in given.get("MODELS_ALLOWED", "").split(",") if each.strip())]
    for model in models:
        known = family(model)
        if model and not (known and known.price):
            yield f"DAILY_BUDGET_USD is set, but {model!r} has no known list price; expected a model that has one."
    if not {"AzureWebJobsStorage", "AzureWebJobsStorage__blobServiceUri"} & given.keys():
        yield "DAILY_BUDGET_USD is set; expected AzureWebJobsStorage too, where all instances share the count."


def _family_faults(given: Mapping[str, str], name: str) -> Iterator[str]:
    """Yield faults of the model family, which determines parameters, tokens and price; deployment names are free."""
    named = given.get("MODEL_FAMILY", "")
    if named and not family(named):
        yield f"MODEL_FAMILY is {named!r}; expected a name from describer/vision/models.toml, such as gpt-5.6-luna."
    elif not named and name == "AZURE_OPENAI_DEPLOYMENT" and name in given and not family(given[name]):
        yield f"MODEL_FAMILY is not set and {name}={given[name]!r} names no model; expected one such as gpt-5.6-luna."
    for other in given.get("MODELS_ALLOWED", "").split(",") if name == "AZURE_OPENAI_DEPLOYMENT" else ():
        if other.strip() and not family(other.strip()):
            yield f"MODELS_ALLOWED names {other.strip()!r}, which is not a model; expected one such as gpt-5.6-luna-eu."
