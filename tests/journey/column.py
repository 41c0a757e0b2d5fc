"""One column of the design's table as a journey meets it, whatever runs it."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from sqlalchemy.orm import Session

from contracts.codec import Message
from services.chassis.platform import Platform
from services.chassis.service import WiredService

START: Final = datetime(2027, 3, 1, 15, 0, tzinfo=UTC)


class Stores(NamedTuple):
    """A session on the database of each service; together they see one moment at rest."""

    referral_api: Session
    matcher: Session
    notifier: Session


class Column(Protocol):
    """A running suite without a word in its databases, its clock at START."""

    @property
    def address(self) -> str:
        """Where the suite answers."""

    @property
    def platform(self) -> Platform:
        """Its clock, and tokens that can be issued."""

    @property
    def services(self) -> Sequence[WiredService]:
        """The services as they are wired, for what their apps declare."""

    @property
    def mail(self) -> Path:
        """The folder of the letters that were sent."""

    def stores(self) -> AbstractContextManager[Stores]:
        """Sessions that see every row, whoever it belongs to, and are rolled back at the end."""

    def lawless_stores(self) -> AbstractContextManager[Stores]:
        """The same without the rules of the tables: a test may break what no service can."""

    def publish(self, messages: Sequence[Message]) -> None:
        """Put messages into the event log, past every outbox."""

    def forgetful(self) -> AbstractContextManager[None]:
        """A time in which consumers handle a message whether or not they did before."""

    def sinks(self) -> dict[str, bytes]:
        """Everything that was written anywhere: files, rows, records and logs."""


# Takes a folder that no other column uses.
OpenColumn = Callable[[Path], AbstractContextManager[Column]]
