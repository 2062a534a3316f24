"""The server in a thread of this process."""

from local import serving
from local.azure_openai.answers import Answerer
from local.azure_openai.resource import Resource
from local.azure_openai.server import application


class Running(serving.Running):
    """A resource that can go down and come up again at the same address."""

    def __init__(self, resource: Resource, answerer: Answerer) -> None:
        super().__init__(lambda: application(resource, answerer))
