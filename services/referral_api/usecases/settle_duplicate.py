"""Settle a duplicate: a coordinator says whether two referrals are of one person."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from contracts.likeness import DuplicateState
from contracts.problems import ConflictError, InvalidError, NotFoundError
from contracts.vocabulary import Attention, ReferralState
from services.chassis.actor import Actor
from services.chassis.ids import uuid7
from services.referral_api.domain.referral import OPEN
from services.referral_api.store import duplicates
from services.referral_api.store.duplicates import Double, Duplicate
from services.referral_api.usecases.enter_in_error import enter_in_error
from services.referral_api.usecases.lifecycle import Command, Desk, load_many
from services.referral_api.usecases.read import find


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was said of a pair; ``ends`` = the referral that ends, the newer where it is None."""

    state: DuplicateState
    note: str
    ends: UUID | None = None


def listed(session: Session, referral_id: UUID, actor: Actor) -> list[Double]:
    """What a referral has to do with others, unless they were told apart; raises NotFoundError."""
    find(session, referral_id, actor)
    return [double for _, double in duplicates.doubles(session, [referral_id])]


def load_both(
    session: Session,
    desk: Desk,
    ids: tuple[UUID, UUID],
    clock: Callable[[], datetime],
    actor: Actor,
) -> tuple[Duplicate, list[Command]]:
    """A pair with both referrals locked, the older first; raises NotFoundError."""
    both = load_many(session, desk, ids, clock, actor)
    pair = duplicates.find(session, *ids)
    if pair is None:
        raise NotFoundError("duplicate")
    return pair, sorted(both, key=lambda one: one.referral.id == pair.referral_id)


def settle(pair: Duplicate, both: list[Command], said: Verdict) -> None:
    """Keep what was said; of the same person one referral ends, and leaves every figure.

    Raises ConflictError where it was settled before or one of the two has ended, InvalidError
    where it has to be said which of them ends.
    """
    if pair.state is not DuplicateState.OPEN:
        raise ConflictError(f"these two were settled before: {pair.state}")
    ending = _ending(both, said) if said.state is DuplicateState.SAME else None
    pair.state, pair.settled_at = said.state, both[0].now
    pair.settled_by = both[0].actor.subject
    both[0].session.flush()
    for command in both:
        if command is ending:
            enter_in_error(command, said.note)
        else:
            _go_on(command, said)


def _ending(both: list[Command], said: Verdict) -> Command:
    older, newer = both
    if any(command.referral.state not in OPEN for command in both):
        raise ConflictError("one of the two has ended: nothing is left to bring together")
    if said.ends is not None:
        return _named(both, said.ends)
    held = newer.referral.state is ReferralState.ACCEPTED
    if held and older.referral.state is not ReferralState.ACCEPTED:
        raise InvalidError("ends", "the newer one is with a program: name the one that ends")
    return newer


def _named(both: list[Command], referral_id: UUID) -> Command:
    for command in both:
        if command.referral.id == referral_id:
            return command
    raise InvalidError("ends", "must be one of the two")


def _go_on(command: Command, said: Verdict) -> None:
    """The referral goes on as it is; it stays in the worklist while it has another double."""
    if not duplicates.stands(command.session, command.referral.id):
        command.settle(Attention.DUPLICATE)
    command.note(uuid7(command.now), said.note)
    command.publish(f"duplicate.{said.state}")
