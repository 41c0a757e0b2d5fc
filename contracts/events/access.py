"""Whose access ended (compacted topic ``access.ended``): every service refuses their tokens."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from marshmallow import fields

from contracts.events.event import Event, Record, published
from contracts.privacy import Coarse, coarse, ident

TOPIC: Final = "access.ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessEnded(Event):
    """Tokens issued until ``ended_at`` are refused; later ones too where it is ``for_ever``.

    ``access_id`` is a digest of a subject, or of a token's id: the event names nobody. ``left``
    says that a coordinator left, so that what they had is somebody else's now.
    """

    access_id: str
    ended_at: datetime
    for_ever: bool = False
    left: bool = False


@published("access.ended", 1, TOPIC)
class AccessEndedSchema(Record):
    """JSON of ``AccessEnded``."""

    record = AccessEnded

    access_id = ident(fields.String(required=True))
    ended_at = coarse(Coarse.TIME, fields.AwareDateTime(required=True))
    for_ever = ident(fields.Boolean(load_default=False))
    left = ident(fields.Boolean(load_default=False))
