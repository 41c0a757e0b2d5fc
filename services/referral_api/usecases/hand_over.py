"""Who has an item of the worklist: a coordinator takes one, or hands a queue over."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from contracts.problems import ConflictError
from services.chassis.actor import Actor
from services.chassis.ids import uuid7
from services.referral_api.store import worklist
from services.referral_api.store.worklist import Wanted
from services.referral_api.usecases.lifecycle import Command, Desk, load_many

# Locked together: a person's own steps on one of them must not wait long.
BATCH: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """Which items go to whom, and why; ``wanted`` names whose they are now."""

    wanted: Wanted
    to: str
    note: str


def take(command: Command) -> None:
    """Make the caller the one who has it; raises ConflictError where there is nothing to have."""
    referral_id, subject = command.referral.id, command.actor.subject
    item = worklist.find(command.session, referral_id)
    if item is None:
        raise ConflictError("this referral needs no coordinator now")
    worklist.assign(command.session, [referral_id], Wanted(), subject)
    _tell(command, "worklist.take", item.assigned_to, subject)


def hand_over(
    session: Session, desk: Desk, actor: Actor, clock: Callable[[], datetime], asked: HandOver
) -> int:
    """Give a batch of one coordinator's items, the most pressing first, to another: how many.

    Under the referrals' locks; whatever somebody else took in between stays theirs. The note is
    sealed beside each referral, and each one's audit names both.
    """
    ids = worklist.first(session, asked.wanted, BATCH)
    commands = load_many(session, desk, ids, clock, actor)
    moved = worklist.assign(session, _ids(commands), asked.wanted, asked.to)
    for command in commands:
        if command.referral.id in moved:
            _note(command, asked.note)
            _tell(command, "worklist.hand_over", asked.wanted.of, asked.to)
    return len(moved)


def _ids(commands: Sequence[Command]) -> list[UUID]:
    return [command.referral.id for command in commands]


def _note(command: Command, text: str) -> None:
    # Whoever was erased has no key to seal with; who has the item goes on regardless.
    with suppress(ConflictError):
        command.note(uuid7(command.now), text)


def _tell(command: Command, action: str, before: str | None, after: str) -> None:
    command.publish(action, taken_from=before, given_to=after)
