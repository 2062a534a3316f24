"""What was deployed, as the outputs of infra/main.bicep name it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from infra.hooks.commands import Stop

FUNCTIONS = {"blobTrigger": "describe_on_upload", "queue": "work", "eventGridTrigger": "on_storage_event"}
"""What each route of uploads ends in."""


@dataclass(frozen=True)
class Installation:
    """Each field is the output of its name in upper case."""

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
        """From azd's environment, or from one that was made by hand: see docs/deploy.md.

        Raises:
            Stop: outputs are missing.
        """
        names = [field.name.upper() for field in fields(cls)]
        missing = [name for name in names if not environ.get(name)]
        if missing:
            raise Stop(f"These outputs of infra/main.bicep are not in the environment: {', '.join(missing)}.")
        if environ["UPLOAD_ROUTE"] not in FUNCTIONS:
            raise Stop(f"UPLOAD_ROUTE is {environ['UPLOAD_ROUTE']}; expected one of {', '.join(FUNCTIONS)}.")
        return cls(**{name.lower(): environ[name] for name in names})

    @property
    def isolated(self) -> bool:
        """Whether nobody but the app reaches the storage."""
        return self.network_isolation.lower() == "true"

    @property
    def app(self) -> tuple[str, ...]:
        """The function app, as commands want it."""
        return ("--resource-group", self.azure_resource_group, "--name", self.azure_function_app_name)
