"""Settings are read once; a faulty set is answered with one message that names every fault."""

import secrets

import pytest

from describer.adapters.web.fetch import direct
from describer.adapters.web.public_ip import system_resolve
from describer.adapters.web.urls import Rules
from describer.app import App
from describer.domain.errors import Misconfigured
from describer.settings import Need, Provider, Settings

GOOD = {
    "IMAGES__blobServiceUri": "https://pictures.blob.core.windows.net",
    "IMAGES__queueServiceUri": "https://pictures.queue.core.windows.net",
    "IMAGES__credential": "managedidentity",
    "IMAGES__clientId": "1234",
    "AzureWebJobsStorage__blobServiceUri": "https://app.blob.core.windows.net",
    "AzureWebJobsStorage__queueServiceUri": "https://app.queue.core.windows.net",
    "IMAGES_CONTAINER": "images",
    "AZURE_OPENAI_ENDPOINT": "https://vision.openai.azure.com/",
    "AZURE_OPENAI_DEPLOYMENT": "gpt-5.6-luna",
}


def _faults(**changes: str) -> str:
    with pytest.raises(Misconfigured) as caught:
        Settings.read({**GOOD, **changes})
    return str(caught.value)


def test_a_good_set_is_read_with_its_types() -> None:
    settings = Settings.read(
        {**GOOD, "DESCRIPTION_LANGUAGES": "de, en-GB", "WRITE_METADATA": "false", "MAX_IMAGE_MB": "2"}
    )
    assert settings.languages == ("de", "en-GB")
    assert settings.write_metadata is False
    assert settings.max_bytes == 2 * 2**20
    assert settings.images_account.managed
    assert settings.images_account.client_id == "1234"
    assert not settings.host_account.managed
    server = settings.model_server
    assert server.base_url == "https://vision.openai.azure.com/openai/v1/"
    assert server.by_token


def test_hosts_are_read_as_globs_with_ports() -> None:
    settings = Settings.read({**GOOD, "URL_ALLOW_HOSTS": "*.example.com, example.org:8443,[2606:4700::1]:8443,*"})
    assert settings.url_allow_hosts == ("*.example.com", "example.org:8443", "[2606:4700::1]:8443", "*")
    assert (settings.url_allow_http, settings.url_deny_hosts, settings.url_timeout_seconds) == (False, (), 30)


def test_the_app_fetches_by_its_settings() -> None:
    web = App(Settings.read({**GOOD, "URL_ALLOW_HTTP": "true", "URL_DENY_HOSTS": "a.example", "MAX_IMAGE_MB": "1"})).web
    assert (web.max_bytes, web.rules, web.timeouts.total) == (2**20, Rules(http=True, deny=("a.example",)), 30)
    assert (web.resolve, web.transports) == (system_resolve, direct)


def test_an_empty_value_counts_as_absent() -> None:
    assert Settings.read({**GOOD, "IMAGES_EXCLUDE": "  ", "MAX_ATTEMPTS": ""}).max_attempts == 5


def test_three_faults_are_named_in_one_message() -> None:
    message = _faults(MAX_ATTEMPTS="many", DESCRIPTION_LANGUAGES="english!", IMAGES_CONTAINER="")
    assert "MAX_ATTEMPTS is 'many'; expected a whole number from 1 to 100." in message
    assert "DESCRIPTION_LANGUAGES is 'english!'; expected comma-separated BCP 47 tags" in message
    assert "IMAGES_CONTAINER is not set; expected a container name" in message
    assert len(message.splitlines()) == 4


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"IMAGES__blobServiceUri": ""}, "IMAGES__blobServiceUri is not set"),
        ({"IMAGES__queueServiceUri": ""}, "IMAGES__queueServiceUri is not set"),
        ({"AzureWebJobsStorage__queueServiceUri": "app.queue"}, "AzureWebJobsStorage__queueServiceUri is 'app.queue'"),
        ({"IMAGES_CONTAINER": "My Pictures"}, "IMAGES_CONTAINER is 'My Pictures'"),
        ({"DESCRIPTIONS_CONTAINER": "images"}, "IMAGES_CONTAINER names the DESCRIPTIONS_CONTAINER"),
        ({"IMAGES_MORE_CONTAINERS": "a-b, descriptions"}, "IMAGES_MORE_CONTAINERS names the DESCRIPTIONS_CONTAINER"),
        ({"AZURE_OPENAI_ENDPOINT": ""}, "neither is set"),
        ({"AZURE_OPENAI_DEPLOYMENT": ""}, "AZURE_OPENAI_DEPLOYMENT is not set"),
        ({"AZURE_OPENAI_DEPLOYMENT": "vision"}, "MODEL_FAMILY is not set"),
        ({"MODEL_FAMILY": "gpt-2"}, "MODEL_FAMILY is 'gpt-2'"),
        ({"OPENAI_BASE_URL": "http://127.0.0.1:11434/v1", "OPENAI_MODEL": "llava"}, "expected MODEL_PROVIDER"),
        ({"MODEL_PROVIDER": "openai"}, "OPENAI_BASE_URL is not set"),
        ({"MODEL_PROVIDER": "google"}, "MODEL_PROVIDER is 'google'; expected azure or openai."),
        (
            {"IMAGES__credential": "ManagedId"},
            "IMAGES__credential is 'ManagedId'; expected managedidentity, or empty.",
        ),
        ({"DESCRIPTION_LANGUAGES": "en,de,EN"}, "is 'en,de,EN'; expected comma-separated BCP 47 tags, each once"),
        ({"IMAGES_INCLUDE": "*.{jpg,png}"}, "is '*.{jpg,png}'; expected comma-separated globs without"),
        ({"IMAGES_EXCLUDE": "{a,b}/"}, "IMAGES_EXCLUDE is '{a,b}/'; expected comma-separated globs without braces"),
        ({"IMAGES_EXCLUDE": "./private/"}, "IMAGES_EXCLUDE is './private/'; expected comma-separated globs without"),
        ({"IMAGES_EXCLUDE": "a/../b"}, "IMAGES_EXCLUDE is 'a/../b'; expected comma-separated globs without"),
        ({"IMAGE_DETAIL": "auto"}, "IMAGE_DETAIL is 'auto'; expected low, high or original."),
        (
            {"URL_ALLOW_HOSTS": "https://a.example/"},
            "URL_ALLOW_HOSTS is 'https://a.example/'; expected comma-separated host names",
        ),
        ({"URL_DENY_HOSTS": "a.example,A b"}, "URL_DENY_HOSTS is 'a.example,A b'"),
        ({"URL_TIMEOUT_SECONDS": "0"}, "URL_TIMEOUT_SECONDS is '0'"),
        ({"MODEL_DEADLINE_SECONDS": "0"}, "MODEL_DEADLINE_SECONDS is '0'"),
        ({"MODEL_DEADLINE_SECONDS": "301"}, "MODEL_DEADLINE_SECONDS is '301'"),
        ({"DAILY_BUDGET_USD": "-1"}, "DAILY_BUDGET_USD is '-1'"),
        ({"DAILY_BUDGET_USD": "5", "MODEL_FAMILY": "gpt-6-astra"}, "'gpt-6-astra' has no known list price"),
        ({"DAILY_BUDGET_USD": "5", "MODELS_ALLOWED": "gpt-5.6-sol"}, "'gpt-5.6-sol' has no known list price"),
    ],
)
def test_each_fault_is_named_with_what_was_expected(changes: dict[str, str], expected: str) -> None:
    assert expected in _faults(**changes)


def test_a_budget_needs_a_place_that_all_instances_share() -> None:
    alone = {**MODEL_ALONE, "DAILY_BUDGET_USD": "0.5"}
    with pytest.raises(Misconfigured, match="expected AzureWebJobsStorage too"):
        Settings.read(alone, (Need.MODEL,))
    shared = {**alone, "AzureWebJobsStorage__blobServiceUri": GOOD["AzureWebJobsStorage__blobServiceUri"]}
    assert Settings.read(shared, (Need.MODEL,)).daily_budget_usd == 0.5
    assert Settings.read({**MODEL_ALONE, "DAILY_BUDGET_USD": "0.0"}, (Need.MODEL,)).daily_budget_usd == 0


@pytest.mark.parametrize("name", ["$web", "$root"])
def test_azures_own_containers_may_be_watched_and_hold_no_descriptions(name: str) -> None:
    settings = Settings.read({**GOOD, "IMAGES_CONTAINER": name, "IMAGES_MORE_CONTAINERS": f"scans,{name}"})
    assert (settings.images_container, settings.more_containers) == (name, ("scans", name))
    assert "DESCRIPTIONS_CONTAINER is" in _faults(DESCRIPTIONS_CONTAINER=name)
    assert "IMAGES_CONTAINER is '$logs'" in _faults(IMAGES_CONTAINER="$logs")


def test_a_key_alone_selects_nothing() -> None:
    both = {"OPENAI_API_KEY": "k", "AZURE_OPENAI_ENDPOINT": "", "AZURE_OPENAI_DEPLOYMENT": ""}
    assert "neither is set" in _faults(**both)
    assert Settings.read({**GOOD, "OPENAI_API_KEY": "k"}).model_server.key == ""


def test_with_both_endpoints_the_provider_decides() -> None:
    both = {**GOOD, "OPENAI_BASE_URL": "http://127.0.0.1:11434/v1", "OPENAI_MODEL": "llava"}
    local = Settings.read({**both, "MODEL_PROVIDER": "openai"})
    assert local.provider is Provider.OPENAI
    assert (local.model_server.base_url, local.model_server.by_token) == ("http://127.0.0.1:11434/v1", False)
    azure = Settings.read({**both, "MODEL_PROVIDER": "azure"})
    assert azure.model_server.model == "gpt-5.6-luna"


TENANT = "11111111-2222-3333-4444-555555555555"
KEY = secrets.token_urlsafe(32)


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        (f"cms:{KEY[:-1]}", "key number 1 is too weak"),
        (f"cms:{KEY},other:{'ab' * 40}", "key number 2 is too weak"),
        (f"cms:{KEY},cms:{secrets.token_hex(32)}", "each name once"),
        (f"a b:{KEY}", "of letters, digits"),
        ("@Microsoft.KeyVault(VaultName=v;SecretName=k)", "unresolved Key Vault reference"),
    ],
    ids=["short", "monotonous", "twice", "name", "reference"],
)
def test_a_weak_key_of_the_openai_interface_stops_the_start_and_is_not_shown(keys: str, says: str) -> None:
    told = _faults(OPENAI_COMPATIBLE_KEYS=keys)
    assert says in told
    assert keys not in told and KEY[:-1] not in told and "ababab" not in told


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"TENANT": "contoso.com", "AUDIENCE": "a", "ROLES": "r"}, "OPENAI_COMPATIBLE_TENANT is 'contoso.com'"),
        ({"TENANT": TENANT, "ROLES": "r"}, "OPENAI_COMPATIBLE_AUDIENCE is missing"),
        ({"TENANT": TENANT, "AUDIENCE": "a"}, "anybody in the tenant could call"),
        ({"TENANT": TENANT, "AUDIENCE": "a", "ROLES": " , "}, "anybody in the tenant could call"),
        ({"TENANT": TENANT, "AUDIENCE": "a", "IDENTITIES": "me"}, "OPENAI_COMPATIBLE_IDENTITIES"),
        ({"ROLES": "r"}, "OPENAI_COMPATIBLE_TENANT is missing"),
    ],
)
def test_tokens_are_accepted_for_one_application_and_named_callers_only(given: dict[str, str], says: str) -> None:
    assert says in _faults(**{f"OPENAI_COMPATIBLE_{name}": value for name, value in given.items()})


def test_the_openai_interfaces_keys_have_names() -> None:
    other = secrets.token_hex(32)
    settings = Settings.read({**GOOD, "OPENAI_COMPATIBLE_KEYS": f"cms:{KEY}, {other}"})
    assert settings.caller_keys == (("cms", KEY), ("default", other))
    assert KEY not in repr(settings)
    assert Settings.read(GOOD).caller_keys == ()


def test_events_carry_texts_in_the_languages_that_are_named() -> None:
    read = {given: Settings.read({**GOOD, "EVENTS_TEXTS": given}).events_texts for given in ("", "all", "EN, pt-br")}
    assert read == {"": (), "all": ("all",), "EN, pt-br": ("en", "pt-BR")}
    assert "EVENTS_TEXTS is 'x y'; expected all, or comma-separated BCP 47 tags" in _faults(EVENTS_TEXTS="x y")


def test_no_secret_is_shown() -> None:
    settings = Settings.read({**GOOD, "AZURE_OPENAI_API_KEY": "hush", "IMAGES": "AccountName=x;hush"})
    assert "hush" not in repr(settings) + repr(settings.images_account) + repr(settings.model_server)
    assert settings.model_server.key == "hush"


MODEL_ALONE = {name: GOOD[name] for name in ("AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_DEPLOYMENT")}
BLOBS_ALONE = {"IMAGES__blobServiceUri": GOOD["IMAGES__blobServiceUri"]}


@pytest.mark.parametrize(
    ("given", "needs"),
    [
        ({}, ()),
        (MODEL_ALONE, (Need.MODEL,)),
        (BLOBS_ALONE, (Need.BLOBS,)),
        (MODEL_ALONE | BLOBS_ALONE, (Need.MODEL, Need.BLOBS)),
        (GOOD, tuple(Need)),
    ],
)
def test_only_what_is_needed_is_demanded(given: dict[str, str], needs: tuple[Need, ...]) -> None:
    Settings.read(given, needs)
    for name in given if needs and len(given) < 3 else ():
        with pytest.raises(Misconfigured, match=name):
            Settings.read({other: value for other, value in given.items() if other != name}, needs)


def test_what_is_not_needed_must_still_be_right_where_it_is_there() -> None:
    with pytest.raises(Misconfigured, match="MAX_ATTEMPTS is 'many'"):
        Settings.read({"MAX_ATTEMPTS": "many"}, ())


ASKED = {
    "DESCRIPTION_LANGUAGES": "en, de, shop/fr/**=fr+en",
    "DESCRIPTION_PROFILE": "news,shop/**=product",
    "DESCRIPTION_GUIDANCE": "Use British spelling; be brief. | shop/**=Name the colour first.",
    "DESCRIPTION_CONTEXT": "file_name,embedded,metadata:event",
    "KEYWORDS_USE": "Acme,product:TrailRunner",
    "KEYWORDS_AVOID": "cheap",
    "ALT_TEXT_SOFT_CHARS": "90",
    "ALT_TEXT_HARD_CHARS": "120",
    "QUALITY_RULES_OFF": "hedging,stuffing",
    "QUALITY_WORDS": "placeholder=stock shot,person_name=Ada Example",
}


def test_what_is_asked_and_how_it_is_checked_reach_the_brief() -> None:
    brief = App(Settings.read({**GOOD, **ASKED})).brief
    assert (brief.languages, brief.profile, brief.guidance) == (("en", "de"), "news", "Use British spelling; be brief.")
    assert brief.by_prefix == (
        ("shop/fr/**", "languages", ("fr", "en")),
        ("shop/**", "profile", "product"),
        ("shop/**", "guidance", "Name the colour first."),
    )
    assert brief.context_of == ("file_name", "embedded", "metadata:event") and brief.embedded_context
    assert (brief.words_to_use, brief.words_to_avoid) == (("Acme", "product:TrailRunner"), ("cheap",))
    policy = brief.policy
    assert (policy.soft_chars, policy.hard_chars, policy.off) == (90, 120, frozenset({"hedging", "stuffing"}))
    assert policy.words_of("placeholder") == ("stock shot",)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DESCRIPTION_LANGUAGES", "en,shop/**=de+German"),
        ("DESCRIPTION_LANGUAGES", "shop/**=de"),
        ("DESCRIPTION_PROFILE", "shop/**=catalogue"),
        ("DESCRIPTION_PROFILE", "product,news"),
        ("DESCRIPTION_PROFILE", "shop/**="),
        ("DESCRIPTION_GUIDANCE", "x" * 2001),
        ("DESCRIPTION_CONTEXT", "metadata:alt_text"),
        ("DESCRIPTION_CONTEXT", "metadata:Description_Record"),
        ("DESCRIPTION_CONTEXT", "place"),
        ("ALT_TEXT_SOFT_CHARS", "300"),
        ("QUALITY_RULES_OFF", "hedges"),
        ("QUALITY_WORDS", "language=x"),
        ("QUALITY_WORDS", "placeholder"),
    ],
)
def test_a_faulty_wish_of_the_operator_is_named(name: str, value: str) -> None:
    assert name in _faults(**{name: value})
