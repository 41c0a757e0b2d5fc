"""Counts that name no person: help not wanted, and what officers tried that no officer may."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from marshmallow import fields

from contracts.events.event import Event, Record, published
from contracts.privacy import Coarse, coarse, ident
from contracts.vocabulary import EntryDoor, Need, RefusedAttempt, Sector

TOPIC: Final = "referral.tallies"
# What the matcher's own edge refused: a topic has one producer.
OF_MATCHER: Final = "directory.tallies"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitStated(Event):
    """A unit was added or changed; what officers of a training unit do stands apart."""

    unit_id: str
    training: bool


@published("unit.stated", 1, TOPIC)
class UnitStatedSchema(Record):
    """JSON of ``UnitStated``."""

    record = UnitStated

    unit_id = ident(fields.String(required=True))
    training = ident(fields.Boolean(required=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalTallied(Event):
    """Attempts of a unit's officers were refused; ``count`` is all of that minute so far."""

    unit_id: str
    kind: RefusedAttempt
    since: datetime
    count: int


@published("refusal.tallied", 1, TOPIC, OF_MATCHER)
class RefusalTalliedSchema(Record):
    """JSON of ``RefusalTallied``."""

    record = RefusalTallied

    unit_id = ident(fields.String(required=True))
    kind = ident(fields.Enum(RefusedAttempt, by_value=True, required=True))
    since = coarse(Coarse.TIME, fields.AwareDateTime(required=True))
    count = ident(fields.Integer(required=True, strict=True))
