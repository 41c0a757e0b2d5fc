"""Tables of what the matcher did: decisions, the policies and plans they went by, the journal."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.chassis.columns import Sequence
from services.matcher.tables.stock import WORD, Base


class DecisionRow(Base):
    """An answer that was published, with its explanation."""

    __tablename__ = "decisions"
    __table_args__ = (UniqueConstraint("referral_id", "attempt", "number"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    referral_id: Mapped[UUID]
    attempt: Mapped[int]
    number: Mapped[int]
    answer: Mapped[str] = mapped_column(WORD)
    decided_at: Mapped[datetime]
    policy: Mapped[str] = mapped_column(String(80))
    choices: Mapped[Any]
    considered: Mapped[Any]
    fitting: Mapped[Any | None]
    eliminated: Mapped[Any | None]
    rules: Mapped[str | None] = mapped_column(WORD)
    basis: Mapped[str] = mapped_column(WORD, server_default="not_wanted")
    plan: Mapped[int | None]
    prices: Mapped[Any] = mapped_column(server_default="{}")


class PolicyRow(Base):
    """A policy that was put in force, by whom and why; the newest number is the one in force."""

    __tablename__ = "policies"
    __table_args__ = (Index("ix_policies_version", "version"),)

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[str] = mapped_column(String(80))
    hold_back: Mapped[bool]
    body: Mapped[Any]
    activated_at: Mapped[datetime]
    activated_by: Mapped[str] = mapped_column(String(200))
    because: Mapped[str] = mapped_column(Text)


class PlanRow(Base):
    """A plan in outline; ``journal_number`` = the entry that holds it whole."""

    __tablename__ = "plans"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    made_at: Mapped[datetime]
    next_at: Mapped[datetime]
    lasts_until: Mapped[datetime]
    policy: Mapped[str] = mapped_column(String(80))
    basis: Mapped[str] = mapped_column(WORD)
    asked: Mapped[int]
    offered: Mapped[int]
    held: Mapped[int]
    journal_number: Mapped[int] = mapped_column(Sequence)


class JournalHeadRow(Base):
    """One row: the last journal number; its lock is the turn to write."""

    __tablename__ = "journal_head"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(Sequence)


class JournalRow(Base):
    """One input of the decider; the numbers have no gap and follow the order of commits."""

    __tablename__ = "journal"
    __table_args__ = (
        Index(
            "ix_journal_referral_id",
            "referral_id",
            sqlite_where=text("referral_id IS NOT NULL"),
            postgresql_where=text("referral_id IS NOT NULL"),
        ),
        Index(
            "ix_journal_programs",
            "number",
            sqlite_where=text("kind = 'program'"),
            postgresql_where=text("kind = 'program'"),
        ),
    )

    number: Mapped[int] = mapped_column(Sequence, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(WORD)
    body: Mapped[Any]
    referral_id: Mapped[UUID | None]
