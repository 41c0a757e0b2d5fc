"""Somebody who works at an agency or unit: from the invitation to the day they leave."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from contracts.problems import ConflictError
from contracts.staff import StaffState
from contracts.vocabulary import Role, Urgency
from services.notifier.domain.notices import COORDINATOR, Intent, Template, notice_id

INVITED_FOR: Final = timedelta(days=7)
# Of a code's secret half, which nobody guesses; the count shows that somebody tries.
MOST_TRIES: Final = 5
# The recipient of a letter to one person who has no other address yet.
_PERSON: Final = "staff:"


class Step(StrEnum):
    """What happens to a member of staff."""

    REDEEM = "redeem"
    SEND_AGAIN = "send_again"
    WITHDRAW = "withdraw"
    LEAVE = "leave"


TABLE: Final[Mapping[tuple[StaffState, Step], StaffState]] = {
    (StaffState.INVITED, Step.REDEEM): StaffState.ACTIVE,
    # The new letter's code takes the place of the old one.
    (StaffState.INVITED, Step.SEND_AGAIN): StaffState.INVITED,
    (StaffState.INVITED, Step.WITHDRAW): StaffState.WITHDRAWN,
    (StaffState.ACTIVE, Step.LEAVE): StaffState.LEFT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What is personal of a member of staff; of one who left, the name alone."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """Where somebody works: a role, at an agency or unit where the role has one."""

    role: Role
    agency_id: str | None = None
    unit_id: str | None = None

    @property
    def recipient(self) -> str | None:
        """Whose notices reach them; None for roles that get none."""
        if self.role is Role.COORDINATOR:
            return COORDINATOR
        return self.agency_id if self.role is Role.PARTNER else None

    @property
    def reference(self) -> str:
        """The post in one word, for a letter."""
        return self.agency_id or self.unit_id or self.role


def advance(state: StaffState, step: Step) -> StaffState:
    """The state after a step; raises ConflictError."""
    after = TABLE.get((state, step))
    if after is None:
        raise ConflictError(f"who is {state} cannot {step.replace('_', ' ')}")
    return after


def of_invitation(staff_id: UUID, post: Post, letter: int) -> Intent:
    """The letter that brings a code; each one is a notice of its own."""
    recipient = f"{_PERSON}{staff_id}"
    return _intent(recipient, Template.INVITATION, str(letter), post.reference)


def of_unreachable(agency_id: str, since: datetime) -> Intent:
    """The coordinator is told that nobody reads an agency's notices any more."""
    return _intent(COORDINATOR, Template.AGENCY_UNREACHABLE, since.isoformat(), agency_id)


def invited(recipient: str) -> UUID:
    """Whom a letter of invitation is for."""
    return UUID(recipient.removeprefix(_PERSON))


def _intent(recipient: str, template: Template, version: str, reference: str) -> Intent:
    return Intent(
        notice_id=notice_id(reference, recipient, template, version),
        referral_id=None,
        recipient=recipient,
        template=template,
        version=version,
        reference=reference,
        sector=None,
        urgency=Urgency.ROUTINE,
        training=False,
    )
