"""The mail channel: the port that carries letters out."""

from typing import Protocol

from services.notifier.channels.letters import Letter


class DeliveryError(Exception):
    """A letter was not taken; the text is a reason without addresses, to be kept and shown."""


class MailChannel(Protocol):
    """Takes letters; taking one twice must be harmless or recognisable by its notice id."""

    def send(self, letter: Letter) -> None:
        """Hand over one letter; raises DeliveryError where it was not taken."""
