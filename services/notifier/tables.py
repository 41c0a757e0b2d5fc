"""The notifier's tables: notices, reminders, contacts and staff, programs, and the figures."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Integer, MetaData, String, false
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.chassis.columns import Json, UtcDateTime
from services.chassis.tables import NAMES


class Model(DeclarativeBase):
    """The notifier's own tables; the chassis tables stand beside them."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {datetime: UtcDateTime}  # noqa: RUF012 - SQLAlchemy reads it so


class NoticeRow(Model):
    """A notice that is owed, and what became of it; no address, nothing of the person.

    One that is of an agency as such has no referral, and the agency's id for a reference.
    """

    __tablename__ = "notices"

    notice_id: Mapped[UUID] = mapped_column(primary_key=True)
    referral_id: Mapped[UUID | None]
    recipient: Mapped[str] = mapped_column(String(80))
    template: Mapped[str] = mapped_column(String(40))
    version: Mapped[str] = mapped_column(String(40))
    reference: Mapped[str] = mapped_column(String(80))
    sector: Mapped[str | None] = mapped_column(String(20))
    urgency: Mapped[str] = mapped_column(String(20))
    training: Mapped[bool]
    offer_id: Mapped[UUID | None]
    program_id: Mapped[str | None] = mapped_column(String(80))
    deadline_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime]
    next_at: Mapped[datetime]
    leased_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]
    failure: Mapped[str | None] = mapped_column(String(300))

    __table_args__ = (
        Index("ix_notices_created", "created_at", "notice_id"),
        Index("ix_notices_referral", "referral_id", "created_at", "notice_id"),
        Index("ix_notices_state", "state", "created_at", "notice_id"),
        Index("ix_notices_due", "state", "next_at"),
        Index("ix_notices_recipient", "recipient", "state"),
    )


class ReminderRow(Model):
    """A timer on an unanswered offer; gone once the offer is no longer live, or reminded of."""

    __tablename__ = "reminders"

    offer_id: Mapped[UUID] = mapped_column(primary_key=True)
    referral_id: Mapped[UUID] = mapped_column(index=True)
    due_at: Mapped[datetime] = mapped_column(index=True)
    recipient: Mapped[str] = mapped_column(String(80))
    reference: Mapped[str] = mapped_column(String(20))
    sector: Mapped[str] = mapped_column(String(20))
    urgency: Mapped[str] = mapped_column(String(20))
    training: Mapped[bool]
    program_id: Mapped[str] = mapped_column(String(80))
    deadline_at: Mapped[datetime]


class RecipientRow(Model):
    """An agency, or the coordinator, whose contacts were stated; ``version`` counts changes."""

    __tablename__ = "recipients"

    recipient: Mapped[str] = mapped_column(String(80), primary_key=True)
    version: Mapped[int]


class ContactRow(Model):
    """A staff contact: operational data, kept here and shown to its own agency and admins."""

    __tablename__ = "contacts"

    recipient: Mapped[str] = mapped_column(
        String(80), ForeignKey("recipients.recipient"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    email: Mapped[str] = mapped_column(String(254))
    name: Mapped[str | None] = mapped_column(String(80))
    on_call: Mapped[bool]


class ProgramRow(Model):
    """A copy of the directory: what a letter needs to know of a program."""

    __tablename__ = "programs"

    program_id: Mapped[str] = mapped_column(String(80), primary_key=True)
    agency_id: Mapped[str] = mapped_column(String(80), index=True)
    version: Mapped[int]
    time_zone: Mapped[str] = mapped_column(String(64))


class ProgressRow(Model):
    """How far a referral came, as the figures see it."""

    __tablename__ = "progress"

    referral_id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(20))
    submitted_at: Mapped[datetime]
    occurred_at: Mapped[datetime | None]
    sector: Mapped[str] = mapped_column(String(20))
    urgency: Mapped[str] = mapped_column(String(20))
    entry_door: Mapped[str | None] = mapped_column(String(20))
    language: Mapped[str | None] = mapped_column(String(20))
    age_band: Mapped[str] = mapped_column(String(20))
    training: Mapped[bool]
    origin: Mapped[str] = mapped_column(String(20))
    outcome: Mapped[str | None] = mapped_column(String(20))
    closed_at: Mapped[datetime | None]
    waitlisted: Mapped[bool]
    unplaced: Mapped[bool]
    held: Mapped[bool] = mapped_column(server_default=false())
    handoff_kind: Mapped[str | None] = mapped_column(String(20))
    called_at: Mapped[datetime | None]
    arrived_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    offers: Mapped[list[dict[str, Any]]] = mapped_column(Json)


class UnitRow(Model):
    """Whether a police unit trains."""

    __tablename__ = "units"

    unit_id: Mapped[str] = mapped_column(String(80), primary_key=True)
    training: Mapped[bool]


class RefusalCount(Model):
    """How many attempts of a unit's officers a service refused for one kind, in one minute."""

    __tablename__ = "refusal_counts"

    service: Mapped[str] = mapped_column(String(20), primary_key=True)
    unit_id: Mapped[str] = mapped_column(String(80), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    since: Mapped[datetime] = mapped_column(primary_key=True)
    month: Mapped[str] = mapped_column(String(7), index=True)
    count: Mapped[int]


class RollupCount(Model):
    """How many, per month and value of a dimension."""

    __tablename__ = "rollup_counts"

    dimension: Mapped[str] = mapped_column(String(20), primary_key=True)
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    value: Mapped[str] = mapped_column(String(80), primary_key=True)
    measure: Mapped[str] = mapped_column(String(40), primary_key=True)
    count: Mapped[int]


class RollupTime(Model):
    """How many took so many minutes: an exact frequency table."""

    __tablename__ = "rollup_times"

    dimension: Mapped[str] = mapped_column(String(20), primary_key=True)
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    value: Mapped[str] = mapped_column(String(80), primary_key=True)
    interval: Mapped[str] = mapped_column(String(40), primary_key=True)
    minutes: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    count: Mapped[int]


class StaffRow(Model):
    """Somebody who works at an agency or unit, or for the suite; ``details`` are sealed.

    A code stands only while somebody is invited: its name, the digest of the rest, and how often
    the rest was guessed wrong. ``letters`` counts the letters of invitation that were asked for.
    """

    __tablename__ = "staff"

    staff_id: Mapped[UUID] = mapped_column(primary_key=True)
    role: Mapped[str] = mapped_column(String(20))
    agency_id: Mapped[str | None] = mapped_column(String(80))
    unit_id: Mapped[str | None] = mapped_column(String(80))
    administrator: Mapped[bool]
    state: Mapped[str] = mapped_column(String(20))
    subject: Mapped[str | None] = mapped_column(String(80))
    details: Mapped[bytes]
    everyday: Mapped[bool]
    hours: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    time_zone: Mapped[str | None] = mapped_column(String(64))
    on_call_until: Mapped[datetime | None]
    version: Mapped[int]
    invited_at: Mapped[datetime]
    joined_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    letters: Mapped[int]
    code_name: Mapped[str | None] = mapped_column(String(16), unique=True)
    code_digest: Mapped[str | None] = mapped_column(String(64))
    code_tries: Mapped[int]
    code_expires_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_staff_invited", "invited_at", "staff_id"),
        Index("ix_staff_agency", "agency_id", "invited_at", "staff_id"),
        Index("ix_staff_unit", "unit_id", "invited_at", "staff_id"),
        Index("ix_staff_role", "role", "state"),
        Index("ix_staff_subject", "subject", "state"),
    )
