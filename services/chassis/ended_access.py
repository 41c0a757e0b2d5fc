"""Whose access ended: their tokens are refused from the next request on, in every process."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Executable, Row, bindparam, or_, select
from sqlalchemy.orm import Session

from contracts.codec import Envelope
from contracts.events.access import AccessEnded
from services.chassis.actor import Actor
from services.chassis.columns import insert
from services.chassis.tables import ended_access
from services.chassis.tokens import LEEWAY, Presented, unauthenticated

ENDED: Final = "the access that this token gave has ended: ask who gave it to you for a new one"
_COLUMNS: Final = ended_access.c
# Built once: every request asks it.
_HAS_ENDED: Final = (
    select(_COLUMNS.access_id)
    .where(_COLUMNS.access_id.in_(bindparam("ids", expanding=True)))
    .where(or_(_COLUMNS.for_ever, _COLUMNS.ended_at >= bindparam("since")))
    .limit(1)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Tokens issued until ``ended_at`` are refused; later ones too where it is ``for_ever``."""

    access_id: str
    ended_at: datetime
    for_ever: bool = False


def everywhere(subject: str) -> str:
    """The access id of everybody who goes by a subject."""
    return _digest("subject", subject)


def of_subject(subject: str, agency_id: str | None, unit_id: str | None) -> str:
    """The access id of a subject of one agency or unit, or of neither.

    Two of them may each have somebody of the same name: whom one lets go, the other may keep.
    """
    return _digest("subject", subject, agency_id or "", unit_id or "")


def of_actor(actor: Actor) -> str:
    """The access id of a caller."""
    return of_subject(actor.subject, actor.agency_id, actor.unit_id)


def of_token(token_id: str) -> str:
    """The access id of one token, by its claim ``jti``."""
    return _digest("token", token_id)


def keep(session: Session, ended: Ended, *, lifts: bool = True) -> Ended:
    """Refuse from now on; what ended later counts, in whatever order this is heard.

    Returns what stands: what was for ever stays so, unless this end ``lifts`` it.
    """
    add = insert(session, ended_access).values(asdict(ended))
    said = add.excluded.for_ever
    later = add.on_conflict_do_update(
        index_elements=["access_id"],
        set_={
            "ended_at": add.excluded.ended_at,
            "for_ever": said if lifts else or_(said, _COLUMNS.for_ever),
        },
        where=add.excluded.ended_at >= _COLUMNS.ended_at,
    )
    stands = session.scalar(later.returning(_COLUMNS.for_ever))
    return replace(ended, for_ever=ended.for_ever if stands is None else stands)


def question(presented: Presented) -> tuple[Executable, Mapping[str, Any]]:
    """Asks for a row where the access that a token gives has ended: a read by primary key.

    A provider's clock may be ahead of ours by the leeway that its tokens are given, so they are
    refused for as long after the end.
    """
    ids = [everywhere(presented.actor.subject), of_actor(presented.actor)]
    if presented.token_id is not None:
        ids.append(of_token(presented.token_id))
    return _HAS_ENDED, {"ids": ids, "since": presented.issued_at - LEEWAY}


def check(session: Session, presented: Presented) -> None:
    """Raise ProblemError (401) where the access that a token gives has ended."""
    refuse(session.execute(*question(presented)).first())


def refuse(found: Row[Any] | None) -> None:
    """Raise ProblemError (401) for a row that ``question`` found."""
    if found is not None:
        raise unauthenticated(ENDED)


def on_ended(session: Session, _: datetime, envelope: Envelope) -> None:
    """Handle the news of an end; raises ValueError for one under the key of another."""
    event = envelope.event
    if not isinstance(event, AccessEnded) or event.access_id != envelope.key:
        raise ValueError("this is not the end of the access that its key names")
    ended = Ended(access_id=event.access_id, ended_at=event.ended_at, for_ever=event.for_ever)
    keep(session, ended)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
