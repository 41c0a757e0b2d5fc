"""Redeem: whoever has the code of a letter takes up the post that it invites to."""

from dataclasses import dataclass, replace

from contracts.problems import ConflictError
from contracts.staff import StaffState
from services.chassis.actor import Actor
from services.notifier.domain.staff import Details, Step, advance
from services.notifier.store import contacts, notices, staff
from services.notifier.tables import StaffRow
from services.notifier.usecases.act import Act
from services.notifier.usecases.invite import forget_code, lock_invited


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What somebody sends: the code, what they say of themselves, and how they signed in.

    ``caller`` is None where tokens are issued here: then their subject is made here, too.
    """

    code: str
    name: str | None
    phone: str | None
    caller: Actor | None


def redeem(act: Act, claim: Claim) -> StaffRow | None:
    """Take up the post; None where the code is not right, which is counted where it names one.

    Raises ConflictError where the caller works there already.
    """
    row, right = lock_invited(act.session, claim.code, act.now)
    if row is None:
        return None
    if not right or not _fits(row, claim.caller):
        row.code_tries += 1
        act.changed(row, "staff.code_refused", tries=row.code_tries)
        return None
    if claim.caller is not None and staff.active(act.session, claim.caller) is not None:
        raise ConflictError("you work there already: the invitation can be withdrawn")
    _take_up(act, row, claim)
    return row


def actor_of(row: StaffRow) -> Actor:
    """The caller that somebody is from now on."""
    post = staff.post_of(row)
    return Actor(
        subject=row.subject or f"staff-{row.staff_id}",
        role=post.role,
        agency_id=post.agency_id,
        unit_id=post.unit_id,
    )


def _take_up(act: Act, row: StaffRow, claim: Claim) -> None:
    recipient = staff.post_of(row).recipient
    if recipient is not None:
        contacts.lock(act.session, recipient)  # what is just found to reach nobody waits for us
    row.state = advance(StaffState(row.state), Step.REDEEM)
    row.subject = claim.caller.subject if claim.caller else actor_of(row).subject
    row.joined_at = act.now
    forget_code(row)
    act.set_details(row, _said(act.details(row), claim))
    replace(act, actor=actor_of(row)).changed(row, "staff.joined")
    if recipient is not None:
        act.session.flush()
        notices.revive(act.session, recipient, act.now)


def _said(known: Details, claim: Claim) -> Details:
    """What they say of themselves counts before what was said of them."""
    return replace(known, name=claim.name or known.name, phone=claim.phone or known.phone)


def _fits(row: StaffRow, caller: Actor | None) -> bool:
    """Whether the provider's token is for the post that the invitation is for."""
    if caller is None:
        return True
    mine = (caller.role.value, caller.agency_id, caller.unit_id)
    return mine == (row.role, row.agency_id, row.unit_id)
