"""Where outcomes are announced: nowhere, until a topic is configured."""

from describer.ports import Stored


class NoTopic:
    """The port `Topic`, switched off."""

    async def announce(self, stored: Stored) -> None:
        """Does nothing."""
