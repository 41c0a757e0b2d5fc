"""An event log that keeps what a relay sends it, and fails when told to."""

from collections.abc import Callable, Sequence

from contracts.codec import Message, decode
from services.chassis.event_log import LogUnavailableError, Subscription


class Wire:
    """An event log that keeps what it is sent, and fails when told to."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.down = False
        self.dies_after_sending = False
        self.before_sending: Callable[[], None] = lambda: None
        self.after_sending: Callable[[], None] = lambda: None

    def publish(self, messages: Sequence[Message]) -> None:
        if self.down:
            raise LogUnavailableError("no broker")
        self.before_sending()
        self.sent += messages
        if self.dies_after_sending:
            raise KeyboardInterrupt
        self.after_sending()

    def subscribe(self, group: str, topics: Sequence[str], member: str) -> Subscription:
        raise AssertionError(f"a relay only sends, and {member} reads {topics} for {group}")

    def lag(self, group: str, topics: Sequence[str]) -> int:
        raise AssertionError(f"a relay does not ask how far {group} is with {topics}")

    def ping(self) -> None:
        """It is there."""

    def close(self) -> None:
        """Nothing is held."""

    def places(self) -> list[tuple[str, int]]:
        """What was sent, as (key, number)."""
        return [(m.key, decode(m).seq) for m in self.sent]
