"""The snapshot that every lifecycle event carries: the referral as of commit."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from marshmallow import fields

from contracts.events.event import Record
from contracts.privacy import Coarse, coarse, ident
from contracts.questions import EligibilityCode
from contracts.vocabulary import (
    Accommodation,
    EntryDoor,
    Need,
    OfferState,
    Origin,
    ReferralState,
    Sector,
    Urgency,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What may be known of the person and the need; a protected need leaves the rest empty.

    ``also_speaks`` and ``eligibility`` are answers to questions that were open at submission.
    """

    sector: Sector
    need: Need
    urgency: Urgency
    entry_door: EntryDoor | None = None
    language: str | None = None
    age: int | None = None
    cell: str | None = None
    household_size: int | None = None
    accommodations: tuple[Accommodation, ...] = ()
    preferred: tuple[str, ...] = ()
    avoided: tuple[str, ...] = ()
    training: bool = False
    origin: Origin = Origin.LIVE
    also_speaks: tuple[str, ...] = ()
    eligibility: tuple[EligibilityCode, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAttempt:
    """The try at placing the referral that waits for a proposal; ``program_id`` = by hand."""

    number: int
    opened_at: datetime
    program_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveOffer:
    """An offer that an agency may still accept.

    One that is ``over_capacity`` takes none of the stated places.
    """

    offer_id: UUID
    program_id: str
    agency_id: str
    attempt: int
    state: OfferState
    deadline_at: datetime
    over_capacity: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The accepted offer: who holds the referral now; ``over_capacity`` as it was offered."""

    offer_id: UUID
    program_id: str
    agency_id: str
    accepted_at: datetime
    over_capacity: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The referral as of the commit that published the event; ``excluded`` = said no or lapsed.

    ``occurred_at`` = the start of the day (UTC) of an imported row of the past; None for live ones.
    """

    referral_id: UUID
    reference: str
    unit_id: str
    state: ReferralState
    submitted_at: datetime
    facts: Facts
    occurred_at: datetime | None = None
    open_attempt: OpenAttempt | None = None
    live_offers: tuple[LiveOffer, ...] = ()
    holder: Holder | None = None
    excluded: tuple[str, ...] = ()


class FactsSchema(Record):
    """JSON of ``Facts``."""

    record = Facts

    sector = coarse(Coarse.SECTOR, fields.Enum(Sector, by_value=True, required=True))
    need = coarse(Coarse.NEED, fields.Enum(Need, by_value=True, required=True))
    urgency = coarse(Coarse.URGENCY, fields.Enum(Urgency, by_value=True, required=True))
    entry_door = coarse(
        Coarse.ENTRY_DOOR,
        fields.Enum(EntryDoor, by_value=True, load_default=None, allow_none=True),
    )
    language = coarse(Coarse.LANGUAGE, fields.String(load_default=None, allow_none=True))
    age = coarse(Coarse.AGE, fields.Integer(load_default=None, allow_none=True))
    cell = coarse(Coarse.CELL, fields.String(load_default=None, allow_none=True))
    household_size = coarse(
        Coarse.HOUSEHOLD_SIZE, fields.Integer(load_default=None, allow_none=True)
    )
    accommodations = coarse(
        Coarse.ELIGIBILITY,
        fields.List(fields.Enum(Accommodation, by_value=True), load_default=tuple),
    )
    preferred = ident(fields.List(fields.String(), load_default=tuple))
    avoided = ident(fields.List(fields.String(), load_default=tuple))
    training = ident(fields.Boolean(load_default=False))
    origin = ident(fields.Enum(Origin, by_value=True, load_default=Origin.LIVE))
    also_speaks = coarse(Coarse.LANGUAGE, fields.List(fields.String(), load_default=tuple))
    eligibility = coarse(
        Coarse.ELIGIBILITY,
        fields.List(fields.Enum(EligibilityCode, by_value=True), load_default=tuple),
    )


class OpenAttemptSchema(Record):
    """JSON of ``OpenAttempt``."""

    record = OpenAttempt

    number = ident(fields.Integer(required=True))
    opened_at = coarse(Coarse.TIME, fields.AwareDateTime(required=True))
    program_id = ident(fields.String(load_default=None, allow_none=True))


class LiveOfferSchema(Record):
    """JSON of ``LiveOffer``."""

    record = LiveOffer

    offer_id = ident(fields.UUID(required=True))
    program_id = ident(fields.String(required=True))
    agency_id = ident(fields.String(required=True))
    attempt = ident(fields.Integer(required=True))
    state = coarse(Coarse.STATE, fields.Enum(OfferState, by_value=True, required=True))
    deadline_at = coarse(Coarse.TIME, fields.AwareDateTime(required=True))
    over_capacity = ident(fields.Boolean(load_default=False))


class HolderSchema(Record):
    """JSON of ``Holder``."""

    record = Holder

    offer_id = ident(fields.UUID(required=True))
    program_id = ident(fields.String(required=True))
    agency_id = ident(fields.String(required=True))
    accepted_at = coarse(Coarse.TIME, fields.AwareDateTime(required=True))
    over_capacity = ident(fields.Boolean(load_default=False))


class SnapshotSchema(Record):
    """JSON of ``Snapshot``."""

    record = Snapshot

    referral_id = ident(fields.UUID(required=True))
    reference = ident(fields.String(required=True))
    unit_id = ident(fields.String(required=True))
    state = coarse(Coarse.STATE, fields.Enum(ReferralState, by_value=True, required=True))
    submitted_at = coarse(Coarse.TIME, fields.AwareDateTime(required=True))
    facts = ident(fields.Nested(FactsSchema, required=True))
    occurred_at = coarse(Coarse.TIME, fields.AwareDateTime(load_default=None, allow_none=True))
    open_attempt = ident(fields.Nested(OpenAttemptSchema, load_default=None, allow_none=True))
    live_offers = ident(fields.List(fields.Nested(LiveOfferSchema), load_default=tuple))
    holder = ident(fields.Nested(HolderSchema, load_default=None, allow_none=True))
    excluded = ident(fields.List(fields.String(), load_default=tuple))
