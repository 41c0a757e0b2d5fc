"""Replace contacts: who of an agency, or of the coordinators, is written to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from contracts.problems import Problem, ProblemError
from services.chassis import audit
from services.chassis.actor import Actor
from services.notifier.domain.contacts import Contact, chain_of
from services.notifier.store import contacts, notices
from services.notifier.usecases.reach import tell_if_unreachable


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a recipient states; ``expected`` = the version that its author last read."""

    recipient: str
    contacts: Sequence[Contact]
    expected: int


def replace(session: Session, statement: Statement, actor: Actor, now: datetime) -> int:
    """Put new contacts in place of the old, send them what waited, and return the new version.

    The caller holds the recipient's row lock. Raises ProblemError (412) for a stale version.
    """
    recipient = statement.recipient
    held = contacts.version(session, recipient)
    if held != statement.expected:
        detail = f"the contacts changed since you read them: version {held}, not "
        raise ProblemError(Problem.STALE, f"{detail}{statement.expected}")
    contacts.replace(session, recipient, statement.contacts)
    if statement.contacts:
        notices.revive(session, recipient, now)
    else:
        tell_if_unreachable(session, recipient, now)
    count = len(statement.contacts)
    audit.record(session, chain_of(recipient), now, actor, "contacts.replaced", count=count)
    return held + 1
