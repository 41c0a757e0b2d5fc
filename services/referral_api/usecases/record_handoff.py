"""Record a handoff: how and when the officer brought the person, and what figures hear of it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from contracts.events.handoffs import ReferralHandedOver
from contracts.problems import ConflictError
from contracts.vocabulary import PROTECTED_NEEDS
from services.referral_api.domain.handoff import MOMENTS, Handoff, earliest, recorded
from services.referral_api.domain.referral import OPEN
from services.referral_api.store import handoffs
from services.referral_api.store.handoffs import HandoffRow
from services.referral_api.usecases.lifecycle import Command


def record_handoff(command: Command, said: Mapping[str, Any]) -> HandoffRow:
    """Put what is said in place of what was said before; what changes nothing is told to nobody.

    Raises ConflictError once the referral or the encounter is over, InvalidError naming the field.
    """
    _check_goes_on(command)
    referral = command.referral
    row = handoffs.find(command.session, referral.id)
    before = Handoff() if row is None else _of(row)
    shift = timedelta(minutes=command.desk.deadlines.encounter)
    first = earliest(referral.occurred_at, referral.submitted_at, shift)
    after = recorded(before, said, (first, command.now))
    row = row or HandoffRow(referral_id=referral.id)
    if after != before:
        _keep(command, row, after)
        command.happened(ReferralHandedOver, **_told(command, row))
        command.publish("referral.hand_over", fields=sorted(said))
    return row


def retell(command: Command) -> None:
    """After a correction: what is known of a handoff goes with the need that stands now."""
    row = handoffs.find(command.session, command.referral.id)
    if row is not None:
        command.happened(ReferralHandedOver, **_told(command, row))


def _check_goes_on(command: Command) -> None:
    """An officer learns that a referral is closed, never how."""
    referral, now = command.referral, command.now
    if referral.state not in OPEN:
        raise ConflictError("a handoff is recorded while the referral goes on; it is closed")
    begun = referral.occurred_at or referral.submitted_at
    if not command.desk.deadlines.encounter_is_open(begun, now):
        raise ConflictError("a handoff is recorded while the encounter is open; it is over")


def _of(row: HandoffRow) -> Handoff:
    return Handoff(kind=row.kind, **{name: getattr(row, name) for name in MOMENTS})


def _keep(command: Command, row: HandoffRow, after: Handoff) -> None:
    if after.kind is not None:
        row.kind = after.kind
    for name in MOMENTS:
        setattr(row, name, getattr(after, name))
    row.recorded_at = command.now
    command.session.add(row)


def _told(command: Command, row: HandoffRow) -> dict[str, Any]:
    """Of a protected need nothing: when an officer arrived somewhere may be looked up."""
    if command.referral.need in PROTECTED_NEEDS:
        return {}
    return {"handoff_kind": row.kind} | {name: getattr(row, name) for name in MOMENTS}
