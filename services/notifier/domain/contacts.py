"""Whom a recipient wants its mail to reach: its staff by their duty, else the contacts it named."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from contracts.vocabulary import Urgency

# An audit chain's name has room for 80 characters.
_LONGEST: Final = 73


@dataclass(frozen=True, slots=True)
class Contact:
    """An address that a recipient named; one on call is written to in a crisis only."""

    email: str
    name: str | None = None
    on_call: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Colleague:
    """An active member of staff, ``on_call`` at this moment or not."""

    staff_id: UUID
    email: str
    name: str | None
    phone: str | None
    everyday: bool
    on_call: bool


@dataclass(frozen=True, slots=True)
class Reach:
    """Everybody whom a recipient's notices may reach."""

    staff: Sequence[Colleague] = ()
    contacts: Sequence[Contact] = ()

    @property
    def is_nobody(self) -> bool:
        """Whether no notice would reach anybody."""
        return not self.staff and not self.contacts


def chain_of(recipient: str) -> str:
    """The audit chain of an agency, or of the coordinators; of a long id it names the digest."""
    if len(recipient) > _LONGEST:
        recipient = hashlib.sha256(recipient.encode()).hexdigest()
    return f"agency:{recipient}"


def in_crisis(reach: Reach) -> Reach:
    """Who hears of a crisis: of the staff who is on call, else all of them, and all contacts."""
    on_call = [one for one in reach.staff if one.on_call]
    if not on_call:
        return reach
    return Reach(on_call, [contact for contact in reach.contacts if contact.on_call])


def addresses(reach: Reach, urgency: Urgency) -> tuple[str, ...]:
    """Where a notice goes; nobody gets it twice.

    Everyday: to staff with that duty, else to contacts that are not on call, else to whoever there
    is.
    """
    if urgency is Urgency.CRISIS:
        reach = in_crisis(reach)
        return _once([*reach.staff, *reach.contacts])
    choices: tuple[Sequence[Colleague | Contact], ...] = (
        [one for one in reach.staff if one.everyday],
        [contact for contact in reach.contacts if not contact.on_call],
        [*reach.staff, *reach.contacts],
    )
    return _once(next((chosen for chosen in choices if chosen), ()))


def _once(people: Iterable[Colleague | Contact]) -> tuple[str, ...]:
    return tuple({person.email.lower(): person.email for person in people}.values())
