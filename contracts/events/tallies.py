"""Help offered and not wanted (topic ``referral.tallies``): a count, never a person."""

from dataclasses import dataclass
from typing import Final

from marshmallow import fields

from contracts.events.event import Event, Record, published
from contracts.privacy import Coarse, coarse, ident
from contracts.vocabulary import EntryDoor, Need, Sector

TOPIC: Final = "referral.tallies"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferTallied(Event):
    """An officer offered help and the person said no."""

    unit_id: str
    sector: Sector
    need: Need
    entry_door: EntryDoor
    training: bool = False


@published("tally.recorded", 1, TOPIC)
class OfferTalliedSchema(Record):
    """JSON of ``OfferTallied``."""

    record = OfferTallied

    unit_id = ident(fields.String(required=True))
    sector = coarse(Coarse.SECTOR, fields.Enum(Sector, by_value=True, required=True))
    need = coarse(Coarse.NEED, fields.Enum(Need, by_value=True, required=True))
    entry_door = coarse(Coarse.ENTRY_DOOR, fields.Enum(EntryDoor, by_value=True, required=True))
    training = ident(fields.Boolean(load_default=False))
