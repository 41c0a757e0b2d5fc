"""Whom a recipient wants its mail to reach: staff contacts, some of them on call."""

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.vocabulary import Urgency


@dataclass(frozen=True, slots=True)
class Contact:
    """A member of staff; one on call is written to in a crisis only."""

    email: str
    name: str | None = None
    on_call: bool = False


def addresses(contacts: Sequence[Contact], urgency: Urgency) -> tuple[str, ...]:
    """Where a notice goes: in a crisis to all, else to those not on call, if there are any."""
    daily = [contact.email for contact in contacts if not contact.on_call]
    everyone = [contact.email for contact in contacts]
    return tuple(everyone if urgency is Urgency.CRISIS or not daily else daily)
