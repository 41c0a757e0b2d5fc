"""The tables of referral_api; ``person_fields`` alone holds personal data and free text."""

from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Enum,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Text,
    Uuid,
    bindparam,
    false,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from contracts.vocabulary import (
    Attention,
    ConsentGiver,
    ConsentMethod,
    ConsentScope,
    ConsentStatus,
    ContactMode,
    EntryDoor,
    Need,
    OfferState,
    Origin,
    Outcome,
    Reason,
    ReferralState,
    RescindReason,
    Sector,
    Side,
    Urgency,
)
from services.chassis import tables as chassis
from services.chassis.columns import Json, UtcDateTime
from services.referral_api.domain.offer import HOLDING, LIVE, Refused
from services.referral_api.domain.referral import REVIEWED, SEEKING

SLUG: Final = String(80)
WORD_LENGTH: Final = 32
KEY_LEFT: Final = "erased_at IS NOT NULL AND key_destroyed_at IS NULL"
SUBJECT: Final = String(120)
LISTED: Final = "due_at IS NOT NULL"
WORK_ORDER: Final = ("due_at", "referral_id")
_REMINDER: Final = "revocation_reminder_at"


class Base(DeclarativeBase):
    """The tables of this service."""

    metadata = MetaData(naming_convention=chassis.NAMES)


def word(kind: type[StrEnum]) -> Enum:
    """A column of a closed list, kept as its word."""
    return Enum(
        kind,
        native_enum=False,
        length=WORD_LENGTH,
        values_callable=lambda words: [member.value for member in words],
    )


def _among(states: tuple[StrEnum, ...]) -> str:
    return f"state IN ({', '.join(repr(str(state)) for state in states)})"


def _partial(name: str, where: str, *columns: str, unique: bool = False) -> Index:
    """An index of the rows that are asked for, on both databases."""
    rows = text(where)
    return Index(name, *columns, unique=unique, sqlite_where=rows, postgresql_where=rows)


class Unit(Base):
    """A police unit; training units' referrals reach training programs only."""

    __tablename__ = "units"

    id: Mapped[str] = mapped_column(SLUG, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    training: Mapped[bool]
    # Whether the figures have heard of it as it is.
    told: Mapped[bool] = mapped_column(default=False, server_default=false())


class Program(Base):
    """The own copy of a published directory entry; the newest version stands."""

    __tablename__ = "programs"

    id: Mapped[str] = mapped_column(SLUG, primary_key=True)
    agency_id: Mapped[str] = mapped_column(SLUG)
    name: Mapped[str] = mapped_column(String(255))
    version: Mapped[int]
    paused: Mapped[bool]
    active: Mapped[bool]
    training: Mapped[bool]
    # None in copies that were made before these were kept, until the next version is heard.
    sector: Mapped[Sector | None] = mapped_column(word(Sector))
    needs: Mapped[list[str] | None] = mapped_column(Json)
    # So are these: whom to call and where to go, for an officer in a crisis.
    phone: Mapped[str | None] = mapped_column(Text)
    places: Mapped[list[dict[str, str | None]] | None] = mapped_column(Json)

    __table_args__ = (_partial("ix_programs_stopped", "paused OR NOT active", "id"),)


class Referral(Base):
    """One need of one person, where it stands, and the coarse facts that events may carry."""

    __tablename__ = "referrals"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    reference: Mapped[str] = mapped_column(String(9), unique=True)
    encounter_id: Mapped[UUID] = mapped_column(Uuid)
    unit_id: Mapped[str] = mapped_column(SLUG, ForeignKey("units.id"))
    submitted_by: Mapped[str] = mapped_column(String(120))
    submitted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    occurred_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    origin: Mapped[Origin] = mapped_column(word(Origin))
    training: Mapped[bool]

    need: Mapped[Need] = mapped_column(word(Need))
    urgency: Mapped[Urgency] = mapped_column(word(Urgency))
    entry_door: Mapped[EntryDoor | None] = mapped_column(word(EntryDoor))
    language: Mapped[str | None] = mapped_column(String(3))
    age: Mapped[int | None]
    household_size: Mapped[int | None]
    accommodations: Mapped[list[str]] = mapped_column(Json)
    cell: Mapped[str | None] = mapped_column(String(16))
    preferred: Mapped[list[str]] = mapped_column(Json)
    avoided: Mapped[list[str]] = mapped_column(Json)
    also_speaks: Mapped[list[str]] = mapped_column(Json, default=list, server_default="[]")
    eligibility: Mapped[list[str]] = mapped_column(Json, default=list, server_default="[]")
    # Which questions have an answer, also where nobody knows; and which the matcher found open.
    answered: Mapped[list[str]] = mapped_column(Json, default=list, server_default="[]")
    questions: Mapped[list[str]] = mapped_column(Json, default=list, server_default="[]")

    state: Mapped[ReferralState] = mapped_column(word(ReferralState))
    attempt: Mapped[int]
    attempt_open: Mapped[bool]
    attempt_opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    hand_program: Mapped[str | None] = mapped_column(SLUG)
    review_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    outcome: Mapped[Outcome | None] = mapped_column(word(Outcome))
    reason: Mapped[Reason | None] = mapped_column(word(Reason))
    side: Mapped[Side | None] = mapped_column(word(Side))
    # Copies of the newest consent; ``consent_ends_at`` is a timer, gone once it was noticed.
    consent_status: Mapped[ConsentStatus] = mapped_column(
        word(ConsentStatus), default=ConsentStatus.GIVEN, server_default=ConsentStatus.GIVEN.value
    )
    consent_scope: Mapped[ConsentScope | None] = mapped_column(word(ConsentScope))
    consent_version: Mapped[int] = mapped_column(default=1, server_default="1")
    consent_ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    key_destroyed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # A timer: once it is due, the person is looked for among other live referrals.
    compare_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Raised by corrections and added facts: readers name it, and must not learn of declines by it.
    facts_version: Mapped[int]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - as SQLAlchemy declares it
    __table_args__ = (
        CheckConstraint(f"review_at IS NOT NULL OR NOT ({_among(REVIEWED)})", name="reviewed"),
        CheckConstraint(f"attempt_open = ({_among(SEEKING)})", name="attempt"),
        Index("ix_referrals_submitted_by", "unit_id", "submitted_by", "id"),
        Index("ix_referrals_state", "state", "id"),
        Index("ix_referrals_unit_id", "unit_id", "id"),
        Index("ix_referrals_unit_state", "unit_id", "state", "id"),
        _partial("ix_referrals_consent_ends_at", "consent_ends_at IS NOT NULL", "consent_ends_at"),
        _partial("ix_referrals_key_left", KEY_LEFT, "erased_at"),
        _partial("ix_referrals_review_at", "review_at IS NOT NULL", "review_at"),
    )


class Offer(Base):
    """A referral put to one program, with the one deadline that it has."""

    __tablename__ = "offers"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    referral_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("referrals.id"))
    program_id: Mapped[str] = mapped_column(SLUG)
    agency_id: Mapped[str] = mapped_column(SLUG)
    attempt: Mapped[int]
    # The entry that whoever chose the program had seen; None in offers from before this was kept.
    directory_version: Mapped[int | None]
    # As they were when it was offered: a later correction is not for an agency whose offer ended.
    need: Mapped[Need] = mapped_column(word(Need))
    urgency: Mapped[Urgency] = mapped_column(word(Urgency))
    state: Mapped[OfferState] = mapped_column(word(OfferState))
    offered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    deadline_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[Reason | None] = mapped_column(word(Reason))
    side: Mapped[Side | None] = mapped_column(word(Side))
    rescinded_for: Mapped[RescindReason | None] = mapped_column(word(RescindReason))
    outcome: Mapped[Outcome | None] = mapped_column(word(Outcome))
    # A coordinator insisted: the place stands outside those that the program stated.
    over_capacity: Mapped[bool] = mapped_column(default=False, server_default=false())
    # What the program asks of everybody; of a protected need no event says it.
    questions: Mapped[list[str]] = mapped_column(Json, default=list, server_default="[]")
    # When it was accepted, whatever became of it: since then the agency may know the person.
    held_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # The revocation of a consent, as far as this holder goes; the reminder is a timer.
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revocation_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revocation_reminder_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revocation_acknowledged_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        CheckConstraint(f"answered_at IS NOT NULL OR NOT ({_among(HOLDING)})", name="answered"),
        Index("ix_offers_referral_id", "referral_id", "id"),
        Index("ix_offers_agency_id", "agency_id", "deadline_at", "id"),
        Index("ix_offers_agency_state", "agency_id", "state", "deadline_at", "id"),
        Index("ix_offers_deadline_at", "deadline_at", "id"),
        Index("ix_offers_state", "state", "deadline_at", "id"),
        _partial("ix_offers_revocation_reminder_at", f"{_REMINDER} IS NOT NULL", _REMINDER),
        _partial("ix_offers_agency_live", _among(LIVE), "agency_id", "deadline_at", "id"),
        _partial("ix_offers_program_live", _among(LIVE), "program_id", "id"),
        _partial("ix_offers_program_held", _among(HOLDING), "program_id", "id"),
        _partial("uq_offers_holder", _among(HOLDING), "referral_id", unique=True),
        _partial("uq_offers_live", _among(LIVE), "referral_id", "program_id", unique=True),
    )


# The words stand in the statement itself: a planner takes a partial index only where it sees
# that the index holds every row that is asked for.
IS_LIVE: Final = Offer.state.in_(bindparam("live", LIVE, expanding=True, literal_execute=True))
IS_HELD: Final = Offer.state.in_(bindparam("held", HOLDING, expanding=True, literal_execute=True))
IS_STOPPED: Final = text("(programs.paused OR NOT programs.active)")


class Refusal(Base):
    """A program that must not be asked again: it declined, or lapsed and counts as a no."""

    __tablename__ = "refusals"

    referral_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("referrals.id"), primary_key=True)
    program_id: Mapped[str] = mapped_column(SLUG, primary_key=True)
    kind: Mapped[Refused] = mapped_column(word(Refused))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class WorkItem(Base):
    """A referral's place in the worklist; without ``due_at`` nothing needs a coordinator now.

    ``due_at`` is the earliest of its reasons'. Who has it keeps it while the referral goes on.
    """

    __tablename__ = "work_items"

    referral_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("referrals.id"), primary_key=True)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    assigned_to: Mapped[str | None] = mapped_column(SUBJECT)

    __table_args__ = (
        _partial("ix_work_items_due_at", LISTED, *WORK_ORDER),
        _partial("ix_work_items_nobodys", f"{LISTED} AND assigned_to IS NULL", *WORK_ORDER),
        _partial("ix_work_items_assigned_to", LISTED, "assigned_to", *WORK_ORDER),
        _partial("ix_work_items_taken", "assigned_to IS NOT NULL", "assigned_to"),
    )


class AttentionRow(Base):
    """One reason why a referral needs a coordinator, since when, and by when."""

    __tablename__ = "attentions"

    referral_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("referrals.id"), primary_key=True)
    why: Mapped[Attention] = mapped_column(word(Attention), primary_key=True)
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (Index("ix_attentions_why", "why", "due_at", "referral_id"),)


class Leaver(Base):
    """Somebody left a moment ago: what they had in the worklist goes back to nobody."""

    __tablename__ = "leavers"

    access_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    since: Mapped[datetime] = mapped_column(UtcDateTime)


class ContactAttempt(Base):
    """A dated record that an agency tried to reach the person."""

    __tablename__ = "contact_attempts"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    offer_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("offers.id"), index=True)
    mode: Mapped[ContactMode] = mapped_column(word(ContactMode))
    reached: Mapped[bool]
    attempted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Consent(Base):
    """One record of a referral's consent; the newest version stands, none is ever overwritten.

    A name of whoever represents the person is sealed elsewhere. Agencies and sectors that were
    named as recipients; none named = any. Erasure empties what tells of the person.
    """

    __tablename__ = "consents"

    referral_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("referrals.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    status: Mapped[ConsentStatus] = mapped_column(word(ConsentStatus))
    scope: Mapped[ConsentScope | None] = mapped_column(word(ConsentScope))
    given_by: Mapped[ConsentGiver | None] = mapped_column(word(ConsentGiver))
    method: Mapped[ConsentMethod | None] = mapped_column(word(ConsentMethod))
    agencies: Mapped[list[str]] = mapped_column(Json, default=list, server_default="[]")
    sectors: Mapped[list[str]] = mapped_column(Json, default=list, server_default="[]")
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (CheckConstraint("scope IS NOT NULL OR status <> 'given'", name="scoped"),)


class PersonField(Base):
    """One sealed fact or text; ``row`` tells notes apart and is empty for what was submitted."""

    __tablename__ = "person_fields"

    referral_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("referrals.id"), primary_key=True)
    field: Mapped[str] = mapped_column(String(40), primary_key=True)
    row: Mapped[str] = mapped_column(String(36), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class Tally(Base):
    """Help was offered and not wanted; nothing here tells of a person."""

    __tablename__ = "tallies"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    unit_id: Mapped[str] = mapped_column(SLUG, ForeignKey("units.id"))
    need: Mapped[Need] = mapped_column(word(Need))
    entry_door: Mapped[EntryDoor] = mapped_column(word(EntryDoor))
    training: Mapped[bool]
    at: Mapped[datetime] = mapped_column(UtcDateTime)
