"""Invite: somebody is asked to a role; the letter brings a code, which is stored nowhere."""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from contracts.staff import StaffState
from services.chassis.database import wake_loops
from services.chassis.ids import reference, uuid7
from services.notifier.domain.staff import (
    INVITED_FOR,
    MOST_TRIES,
    Details,
    Post,
    Step,
    advance,
    of_invitation,
)
from services.notifier.store import notices, staff
from services.notifier.store.staff import Safe
from services.notifier.tables import StaffRow
from services.notifier.usecases.act import Act

# The first of four words names the invitation; the other three, 120 random bits, prove it.
WORDS: Final = 4
_NAME: Final = 8
_LENGTH: Final = WORDS * _NAME
_BETWEEN: Final = re.compile(r"[\s-]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """Whom somebody asks to which post; an administrator keeps the staff of their agency."""

    post: Post
    details: Details
    administrator: bool


@dataclass(frozen=True, slots=True)
class NewCode:
    """A code for a letter, the address it goes to, and until when it can be redeemed."""

    code: str
    email: str
    expires_at: datetime


def invite(act: Act, invitation: Invitation) -> StaffRow:
    """Keep the invitation, and owe its letter."""
    staff_id, post = uuid7(act.now), invitation.post
    row = StaffRow(
        staff_id=staff_id,
        role=post.role.value,
        agency_id=post.agency_id,
        unit_id=post.unit_id,
        administrator=invitation.administrator,
        state=StaffState.INVITED.value,
        details=act.safe.seal(staff_id, invitation.details),
        everyday=True,
        hours=[],
        version=0,
        invited_at=act.now,
        letters=0,
        code_tries=0,
    )
    act.session.add(row)
    detail = {"role": row.role, "place": post.reference, "administrator": row.administrator}
    act.changed(row, "staff.invited", **detail)
    _owe_letter(act, row)
    return row


def send_again(act: Act, row: StaffRow) -> None:
    """Owe another letter, whose code takes the place of the one before; raises ConflictError."""
    row.state = advance(StaffState(row.state), Step.SEND_AGAIN)
    act.changed(row, "staff.invited_again")
    _owe_letter(act, row)


def withdraw(act: Act, row: StaffRow) -> None:
    """Take an invitation back, and forget whom it went to; raises ConflictError."""
    row.state = advance(StaffState(row.state), Step.WITHDRAW)
    act.set_details(row, Details())
    forget_code(row)
    act.changed(row, "staff.withdrawn")


def new_code(session: Session, safe: Safe, staff_id: UUID, now: datetime) -> NewCode | None:
    """A code for the letter that is written now; None where nobody is invited any more.

    Only its digest stays. A letter that has to be written again brings another one.
    """
    row = staff.lock(session, staff_id)
    email = safe.open(row).email if row and row.state == StaffState.INVITED else None
    if row is None or email is None:
        return None
    code = "-".join(reference() for _ in range(WORDS))
    name, secret = _halves(code)
    row.code_name, row.code_digest = name, _digest(secret)
    row.code_tries, row.code_expires_at = 0, now + INVITED_FOR
    return NewCode(code, email, row.code_expires_at)


def lock_invited(session: Session, code: str, now: datetime) -> tuple[StaffRow | None, bool]:
    """Whose code this is by its name, locked, and whether all of it is right.

    One that is used up or too old is nobody's: nothing more is counted or audited of it.
    """
    name, secret = _halves(code)
    row = staff.lock_code(session, name) if name else None
    if row is None or row.code_digest is None or not _is_live(row, now):
        return None, False
    return row, hmac.compare_digest(row.code_digest, _digest(secret))


def is_code(text: str) -> bool:
    """Whether a text has the form of a code."""
    return all(_halves(text))


def forget_code(row: StaffRow) -> None:
    """No code leads here any more."""
    row.code_name = row.code_digest = row.code_expires_at = None
    row.code_tries = 0


def _owe_letter(act: Act, row: StaffRow) -> None:
    row.letters += 1
    letter = of_invitation(row.staff_id, staff.post_of(row), row.letters)
    notices.add(act.session, [letter], act.now)
    wake_loops(act.session)


def _is_live(row: StaffRow, now: datetime) -> bool:
    in_time = row.code_expires_at is not None and now < row.code_expires_at
    return in_time and row.code_tries < MOST_TRIES


def _halves(code: str) -> tuple[str, str]:
    """The name and the secret of a code as somebody typed it; two empty ones for what is none."""
    plain = _BETWEEN.sub("", code).upper()
    whole = len(plain) == _LENGTH and plain.isascii() and plain.isalnum()
    return (plain[:_NAME], plain[_NAME:]) if whole else ("", "")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
