"""End access: tokens are refused here at once, and everywhere as soon as the news is heard."""

from sqlalchemy.orm import Session

from contracts.events import access
from services.chassis import audit, ended_access, outbox
from services.chassis.actor import Actor
from services.chassis.ended_access import Ended


def end_access(session: Session, ended: Ended, actor: Actor) -> None:
    """Refuse the tokens of a subject, or one token; the audit keeps who did it, under a digest."""
    ended_access.keep(session, ended)
    _tell(session, ended, actor, left=False)


def end_of_leaver(session: Session, ended: Ended, actor: Actor, *, left: bool) -> None:
    """The same for who leaves: what an admin had ended for ever stays so.

    ``left`` tells that what they had is somebody else's now.
    """
    _tell(session, ended_access.keep(session, ended, lifts=False), actor, left=left)


def _tell(session: Session, ended: Ended, actor: Actor, *, left: bool) -> None:
    event = access.AccessEnded(
        access_id=ended.access_id, ended_at=ended.ended_at, for_ever=ended.for_ever, left=left
    )
    outbox.publish(session, access.TOPIC, ended.access_id, [event], ended.ended_at)
    detail = {"for_ever": ended.for_ever, "left": left}
    subject = f"access:{ended.access_id}"
    audit.record(session, subject, ended.ended_at, actor, "access.ended", **detail)
