"""The deployed resources, from the outputs of infra/main.bicep."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from infra.hooks.commands import Stop

FUNCTIONS = {"blobTrigger": "describe_on_upload", "queue": "work", "eventGridTrigger": "on_storage_event"}
"""The destination of each route of uploads."""

_CHOSEN = {"images_container", "descriptions_container", "upload_route", "network_isolation"}
"""Variables that choose these have their names, so the outputs have others: `azd down` deletes every output."""


@dataclass(frozen=True)
class Installation:
    """Each field is the output of its name in upper case, with DEPLOYED_ before it where it was chosen."""

    azure_resource_group: str
    azure_function_app_name: str
    host_account_name: str
    images_account_name: str
    images_container: str
    descriptions_container: str
    upload_route: str
    system_topic_name: str
    system_topic_resource_group: str
    event_subscription_name: str
    dead_letter_container: str
    work_queue: str
    network_isolation: str

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "Installation":
        """Read azd's environment, or one made by hand: see docs/deploy.md.

        Raises:
            Stop: outputs are missing.
        """
        outputs = cls.outputs()
        missing = [name for name in outputs.values() if not environ.get(name)]
        if missing:
            raise Stop(f"These outputs of infra/main.bicep are not in the environment: {', '.join(missing)}.")
        route = environ[outputs["upload_route"]]
        if route not in FUNCTIONS:
            raise Stop(f"{outputs['upload_route']} is {route}; expected one of {', '.join(FUNCTIONS)}.")
        return cls(**{field: environ[name] for field, name in outputs.items()})

    @classmethod
    def outputs(cls) -> dict[str, str]:
        """Return the output of each field."""
        names = [field.name for field in fields(cls)]
        return {name: f"{'DEPLOYED_' if name in _CHOSEN else ''}{name.upper()}" for name in names}

    @property
    def isolated(self) -> bool:
        """Whether only the app reaches the storage."""
        return self.network_isolation.lower() == "true"

    @property
    def app(self) -> tuple[str, ...]:
        """The function app, as arguments for commands."""
        return ("--resource-group", self.azure_resource_group, "--name", self.azure_function_app_name)
