"""Tables of what decisions are made from: the directory, places, requests and what they hold."""

from datetime import datetime
from typing import Any, ClassVar, Final
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    MetaData,
    String,
    Text,
    bindparam,
    false,
    literal_column,
    text,
    true,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.chassis.columns import Json, UtcDateTime
from services.chassis.tables import NAMES
from services.matcher.domain.request import WAITING

ID: Final = String(80)
WORD: Final = String(40)


class Base(DeclarativeBase):
    """Shares one MetaData with the naming rules of every service."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar = {datetime: UtcDateTime, Any: Json}


class AgencyRow(Base):
    """An organisation that runs programs; ``answered_at`` = when it last gave a sign of life."""

    __tablename__ = "agencies"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    answered_at: Mapped[datetime | None]


class ProgramRow(Base):
    """A program's directory entry; ``version`` counts its published versions."""

    __tablename__ = "programs"
    __table_args__ = (Index("ix_programs_training", "training", "id"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    agency_id: Mapped[str] = mapped_column(ID, ForeignKey("agencies.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    description: Mapped[str | None] = mapped_column(Text)
    sector: Mapped[str] = mapped_column(WORD, index=True)
    needs: Mapped[Any]
    minimum_age: Mapped[int | None]
    maximum_age: Mapped[int | None]
    languages: Mapped[Any]
    interpretation: Mapped[str | None] = mapped_column(Text)
    accommodations: Mapped[Any]
    eligibility: Mapped[Any]
    hours: Mapped[Any]
    places: Mapped[Any]
    area: Mapped[Any | None]
    time_zone: Mapped[str] = mapped_column(String(64))
    phone: Mapped[str | None] = mapped_column(String(40))
    listed: Mapped[bool] = mapped_column(server_default=true())
    active: Mapped[bool]
    paused: Mapped[bool]
    paused_because: Mapped[str | None] = mapped_column(WORD)
    paused_since: Mapped[datetime | None]
    paused_until: Mapped[datetime | None]
    training: Mapped[bool]
    version: Mapped[int]


class HaltRow(Base):
    """An agency, or one program of it, that takes nobody: paused, or closed."""

    __tablename__ = "halts"
    __table_args__ = (
        Index("ix_halts_agency_id", "agency_id"),
        Index("ix_halts_until", "until"),
    )

    scope: Mapped[str] = mapped_column(WORD, primary_key=True)
    target_id: Mapped[str] = mapped_column(ID, primary_key=True)
    kind: Mapped[str] = mapped_column(WORD, primary_key=True)
    agency_id: Mapped[str] = mapped_column(ID, ForeignKey("agencies.id"))
    because: Mapped[str | None] = mapped_column(WORD)
    since: Mapped[datetime]
    until: Mapped[datetime | None]


class AgencyLapseRow(Base):
    """An offer that its agency let lapse, since it last gave a sign of life."""

    __tablename__ = "agency_lapses"
    __table_args__ = (Index("ix_agency_lapses_agency_id", "agency_id", "at"),)

    offer_id: Mapped[UUID] = mapped_column(primary_key=True)
    agency_id: Mapped[str] = mapped_column(ID, ForeignKey("agencies.id"))
    at: Mapped[datetime]


class ProgramNeedRow(Base):
    """Which needs a program serves: the way from a need to its candidates."""

    __tablename__ = "program_needs"

    program_id: Mapped[str] = mapped_column(ID, ForeignKey("programs.id"), primary_key=True)
    need: Mapped[str] = mapped_column(WORD, primary_key=True, index=True)


class ListingRow(Base):
    """One document of the directory as an HSDS API serves it; ``aside`` = columns HSDS lacks."""

    __tablename__ = "listings"
    __table_args__ = (
        Index("ix_listings_agency_id", "kind", "agency_id", "id"),
        Index("ix_listings_modified_at", "kind", "modified_at", "id"),
    )

    kind: Mapped[str] = mapped_column(WORD, primary_key=True)
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    own_id: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    agency_id: Mapped[str | None] = mapped_column(ID)
    service_id: Mapped[str | None] = mapped_column(ID)
    modified_at: Mapped[datetime | None]
    body: Mapped[Any]
    aside: Mapped[Any]


class ListingTermRow(Base):
    """Which terms, of which taxonomy, a listing has; an unknown taxonomy is empty."""

    __tablename__ = "listing_terms"
    __table_args__ = (Index("ix_listing_terms_taxonomy_id", "kind", "taxonomy_id", "listing_id"),)

    kind: Mapped[str] = mapped_column(WORD, primary_key=True)
    term_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    listing_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    taxonomy_id: Mapped[str] = mapped_column(String(36))


class CapacityRow(Base):
    """A program's newest statement, and how many of the stated places are taken."""

    __tablename__ = "capacity"
    __table_args__ = (
        CheckConstraint("available >= 0", name="available_not_negative"),
        CheckConstraint("taken >= 0", name="taken_not_negative"),
        CheckConstraint("maximum IS NULL OR maximum >= available", name="maximum_holds_available"),
    )

    program_id: Mapped[str] = mapped_column(ID, ForeignKey("programs.id"), primary_key=True)
    available: Mapped[int]
    maximum: Mapped[int | None]
    stated_at: Mapped[datetime]
    counts_from: Mapped[datetime]
    accepted_counted: Mapped[bool]
    stated_by: Mapped[str] = mapped_column(WORD)
    taken: Mapped[int]
    version: Mapped[int]


class RequestRow(Base):
    """A referral's newest snapshot with the matcher's answer; ``due`` = to be looked at."""

    __tablename__ = "requests"
    __table_args__ = (
        CheckConstraint("decision_number >= 0", name="decision_number_not_negative"),
        Index("ix_requests_waiting", "need", "answered"),
        Index("ix_requests_submitted_at", "submitted_at"),
    )

    referral_id: Mapped[UUID] = mapped_column(primary_key=True)
    sector: Mapped[str] = mapped_column(WORD)
    need: Mapped[str] = mapped_column(WORD)
    urgency: Mapped[str] = mapped_column(WORD)
    urgency_rank: Mapped[int]
    submitted_at: Mapped[datetime]
    language: Mapped[str | None] = mapped_column(String(3))
    age: Mapped[int | None]
    cell: Mapped[str | None] = mapped_column(String(20))
    household_size: Mapped[int | None]
    accommodations: Mapped[Any]
    preferred: Mapped[Any]
    avoided: Mapped[Any]
    also_speaks: Mapped[Any] = mapped_column(server_default="[]")
    eligibility: Mapped[Any] = mapped_column(server_default="[]")
    training: Mapped[bool]
    # A row of the past: nobody waits for it, and nobody like it is expected.
    imported: Mapped[bool] = mapped_column(server_default=false())
    attempt: Mapped[int | None]
    hand_program: Mapped[str | None] = mapped_column(ID)
    excluded: Mapped[Any]
    holder_program: Mapped[str | None] = mapped_column(ID)
    held_since: Mapped[datetime | None]
    held_over_capacity: Mapped[bool] = mapped_column(server_default=false())
    answered: Mapped[str | None] = mapped_column(WORD)
    decision_number: Mapped[int]
    due: Mapped[bool]
    # The newest plan when it was looked at last.
    looked_plan: Mapped[int] = mapped_column(server_default="0")


_requests = RequestRow.__table__.c
Index(
    "ix_requests_due",
    _requests.urgency_rank,
    _requests.submitted_at,
    _requests.referral_id,
    sqlite_where=_requests.due,
    postgresql_where=_requests.due,
)


# The words stand in the statement itself: a planner takes a partial index only where it sees
# that the index holds every row that is asked for.
IS_WAITING: Final = RequestRow.attempt.is_not(None) & RequestRow.answered.in_(
    bindparam("waiting", WAITING, expanding=True, literal_execute=True)
)
_WAITING: Final = text(
    f"attempt IS NOT NULL AND answered IN ({', '.join(repr(str(word)) for word in WAITING)})"
)
Index(
    "ix_requests_sector",
    _requests.sector,
    _requests.answered,
    sqlite_where=_WAITING,
    postgresql_where=_WAITING,
)

# Of those: whoever may be offered a place, and not by hand.
SEEKS: Final = RequestRow.attempt.is_not(None) & (
    RequestRow.answered.is_(None) | (RequestRow.answered != literal_column("'routed'"))
)
Index(
    "ix_requests_seeking",
    _requests.answered,
    _requests.referral_id,
    sqlite_where=_requests.attempt.is_not(None),
    postgresql_where=_requests.attempt.is_not(None),
)


class WaitRow(Base):
    """A referral that waits for a place of a program which would take it, in its fair order."""

    __tablename__ = "waits"
    __table_args__ = (
        Index("ix_waits_program_id", "program_id", "urgency_rank", "submitted_at", "referral_id"),
    )

    referral_id: Mapped[UUID] = mapped_column(ForeignKey("requests.referral_id"), primary_key=True)
    program_id: Mapped[str] = mapped_column(ID, ForeignKey("programs.id"), primary_key=True)
    urgency_rank: Mapped[int]
    submitted_at: Mapped[datetime]


class ReservationRow(Base):
    """A place held: for an open attempt, or, with ``offer_id``, for a live offer.

    ``over_capacity``: a coordinator insisted, and none of the stated places is taken.
    """

    __tablename__ = "reservations"

    referral_id: Mapped[UUID] = mapped_column(ForeignKey("requests.referral_id"), primary_key=True)
    program_id: Mapped[str] = mapped_column(ID, primary_key=True, index=True)
    attempt: Mapped[int]
    offer_id: Mapped[UUID | None]
    over_capacity: Mapped[bool] = mapped_column(server_default=false())


class AcceptanceRow(Base):
    """A program took a referral; kept with its times, to be compared with statements."""

    __tablename__ = "acceptances"
    __table_args__ = (Index("ix_acceptances_ended_at", "ended_at"),)

    program_id: Mapped[str] = mapped_column(ID, primary_key=True)
    referral_id: Mapped[UUID] = mapped_column(ForeignKey("requests.referral_id"), primary_key=True)
    accepted_at: Mapped[datetime] = mapped_column(primary_key=True)
    ended_at: Mapped[datetime | None]
    over_capacity: Mapped[bool] = mapped_column(server_default=false())
