"""Compare: after its submission a referral is looked for among the live ones of the same person.

Nobody waits for it, and nobody is answered by it: the officer's receipt is written long before.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Final
from uuid import UUID

from contracts.likeness import DuplicateState, Likeness
from contracts.vocabulary import (
    PROTECTED_NEEDS,
    Attention,
    ConsentStatus,
    Origin,
    ReferralState,
)
from services.referral_api.domain.likeness import COMPARED, MOST_PAIRS, ages_agree, alike, traits
from services.referral_api.domain.referral import OPEN
from services.referral_api.store import duplicates
from services.referral_api.store.duplicates import Duplicate
from services.referral_api.tables import Referral
from services.referral_api.usecases.lifecycle import Command

ACTION: Final = "person.compare"
# Long enough for whoever mends what failed, and for a log that can be read.
AGAIN_AFTER: Final = timedelta(minutes=10)


def compare(command: Command) -> int:
    """Compare once, and put what is found before a coordinator; returns 0 where it is not due.

    The timer goes in the same transaction, and a pair is stored once: a crash repeats the whole.
    """
    referral = command.referral
    if referral.compare_at is None or referral.compare_at > command.now:
        return 0
    referral.compare_at = None
    near = _near(command) if _may_be_compared(command) else []
    return _read(command, near) if near else 1


def put_off(command: Command) -> int:
    """Compare later, after a comparison that failed: due as it is, it would fail again at once."""
    command.referral.compare_at = command.now + AGAIN_AFTER
    return 0


def look_again(command: Command) -> None:
    """After a correction: what nobody has settled yet is found anew, or was a mistake.

    Of a need that is protected now no pair stays: it would lead to other referrals.
    """
    referral = command.referral
    protected = referral.need in PROTECTED_NEEDS
    duplicates.forget(command.session, referral.id, only_open=not protected)
    command.settle(Attention.DUPLICATE)
    referral.compare_at = command.now


def outlive(command: Command) -> int:
    """Take a referral off the worklist whose double has ended; returns 0 where one still lives."""
    if duplicates.stands(command.session, command.referral.id):
        return 0
    command.settle(Attention.DUPLICATE)
    command.publish("duplicate.outlived")
    return 1


def _may_be_compared(command: Command) -> bool:
    """A live referral whose person consented; of a protected need nothing is ever looked up."""
    referral = command.referral
    return (
        referral.state in OPEN
        and referral.need not in PROTECTED_NEEDS
        and referral.origin is Origin.LIVE
        and command.consent is ConsentStatus.GIVEN
    )


def _near(command: Command) -> list[Referral]:
    """Whom it is compared with; the ages tell most apart before anything is opened."""
    referral = command.referral
    found = duplicates.candidates(command.session, referral, command.now)
    return [one for one in found if ages_agree(one.age, referral.age)]


def _read(command: Command, near: Sequence[Referral]) -> int:
    """Open what is compared, in memory only; the audit tells of the run, and of how many.

    Returns 0 where one that is alike is held or was changed meanwhile: it is compared once more.
    """
    found = _alike(command, near)
    seen = [one for one in near if one.id in found]
    held = duplicates.hold(command.session, seen) if seen else set()
    if held:
        _keep(command, [(one, found[one.id]) for one in seen if one.id in held])
        command.attend(Attention.DUPLICATE, _due(command))
    if len(held) < len(found):
        command.referral.compare_at = command.now
    said = {"fields": sorted(COMPARED), "purpose": Attention.DUPLICATE.value}
    command.publish(ACTION, read=len(near), found=len(found), **said)
    return int(len(held) == len(found))


def _alike(command: Command, near: Sequence[Referral]) -> dict[UUID, list[Likeness]]:
    """Which of them seem to be of the same person, and by what: the newest MOST_PAIRS."""
    referral, persons = command.referral, command.desk.persons
    ids = [referral.id, *(one.id for one in near)]
    said = persons.read_some(command.session, ids, COMPARED)
    mine = traits(said.get(referral.id, {}), referral.age)
    whys = ((one.id, alike(mine, traits(said.get(one.id, {}), one.age))) for one in near)
    return dict(islice((found for found in whys if found[1]), MOST_PAIRS))


def _due(command: Command) -> datetime | None:
    """A coordinator has as long as for a referral of this urgency that fits no program."""
    deadlines, urgency = command.desk.deadlines, command.referral.urgency
    return deadlines.review_at(ReferralState.UNPLACED, urgency, command.now)


def _keep(command: Command, found: Iterable[tuple[Referral, Sequence[Likeness]]]) -> None:
    pairs = [_pair(command, other, why) for other, why in found]
    duplicates.keep(command.session, pairs)


def _pair(command: Command, other: Referral, why: Sequence[Likeness]) -> Duplicate:
    """Which is the newer is told by when they were submitted: ids of two processes may cross."""
    older, newer = sorted((command.referral, other), key=lambda one: (one.submitted_at, one.id))
    return Duplicate(
        referral_id=newer.id,
        other_id=older.id,
        why=[word.value for word in why],
        state=DuplicateState.OPEN,
        found_at=command.now,
    )
