"""Await an offer: whether there is anything yet that an officer on the spot waits for."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from contracts.vocabulary import Role
from services.chassis.actor import Actor
from services.referral_api.domain.deadlines import Deadlines
from services.referral_api.domain.referral import SEEKING
from services.referral_api.usecases.read import find
from services.referral_api.usecases.receiver import is_under_way


def is_told(
    session: Session, referral_id: UUID, actor: Actor, deadlines: Deadlines, now: datetime
) -> bool:
    """Whether an offer is made, or none will be; while a program is sought there is nothing to say.

    Not even that none was found: who reads it must not learn by the time that it takes. So an
    officer waits for a receiver and for nothing else: elsewhere a wait that comes back would tell
    that somebody said no. Raises NotFoundError where it is not there for this actor.
    """
    referral = find(session, referral_id, actor)
    officer = actor.role is Role.OFFICER
    if officer and not is_under_way(session, referral, deadlines, now):
        return True
    return referral.state not in SEEKING
