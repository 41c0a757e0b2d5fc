"""The first schema of the matcher: the chassis tables and its own."""

from typing import Final

import sqlalchemy as sa
from alembic import op

from services.chassis.columns import Json, Sequence, UtcDateTime

revision: Final = "matcher_0001"
down_revision: Final = None
branch_labels: Final = None
depends_on: Final = None

_TABLES: Final = (
    "stream_heads",
    "history",
    "outbox",
    "inbox",
    "waiting",
    "parked",
    "quarantined",
    "audit",
    "idempotency",
    "agencies",
    "programs",
    "program_needs",
    "requests",
    "capacity",
    "reservations",
    "acceptances",
    "decisions",
    "journal_head",
    "journal",
)


def upgrade() -> None:
    """Create every table."""
    _streams()
    _inbox()
    _calls()
    _directory()
    _requests()
    _places()
    _decisions()


def downgrade() -> None:
    """Drop every table, those that are pointed to last."""
    for table in reversed(_TABLES):
        op.drop_table(table)


def _streams() -> None:
    op.create_table(
        "stream_heads",
        sa.Column("topic", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("topic", "key", name="pk_stream_heads"),
    )
    op.create_table(
        "history",
        sa.Column("position", Sequence, autoincrement=True, nullable=False),
        sa.Column("topic", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(length=80), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("payload", Json(), nullable=True),
        sa.Column("salt", sa.String(length=32), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_history"),
        sa.UniqueConstraint("topic", "key", "seq", name="uq_history_topic"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", Sequence, autoincrement=True, nullable=False),
        sa.Column("position", Sequence, nullable=False),
        sa.Column("published_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["position"], ["history.position"], name="fk_outbox_position"),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("position", name="uq_outbox_position"),
    )
    op.create_index(
        "ix_outbox_unpublished",
        "outbox",
        ["id"],
        sqlite_where=sa.text("published_at IS NULL"),
        postgresql_where=sa.text("published_at IS NULL"),
    )


def _inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("consumer", sa.String(length=64), nullable=False),
        sa.Column("topic", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("consumer", "topic", "key", name="pk_inbox"),
    )
    op.create_table(
        "waiting",
        sa.Column("consumer", sa.String(length=64), nullable=False),
        sa.Column("topic", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("headers", Json(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("offset", Sequence, nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("consumer", "topic", "key", "seq", name="pk_waiting"),
    )
    op.create_table(
        "parked",
        sa.Column("consumer", sa.String(length=64), nullable=False),
        sa.Column("topic", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("offset", Sequence, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("headers", Json(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("consumer", "topic", "key", name="pk_parked"),
    )
    op.create_table(
        "quarantined",
        sa.Column("consumer", sa.String(length=64), nullable=False),
        sa.Column("topic", sa.String(length=64), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("offset", Sequence, autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("consumer", "topic", "partition", "offset", name="pk_quarantined"),
    )


def _calls() -> None:
    op.create_table(
        "audit",
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("tenant", sa.String(length=80), nullable=True),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("detail", Json(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("subject", "number", name="pk_audit"),
    )
    op.create_table(
        "idempotency",
        sa.Column("caller", sa.String(length=120), nullable=False),
        sa.Column("route", sa.String(length=200), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("body_mac", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", Json(), nullable=True),
        sa.Column("body", Json(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("caller", "route", "key", name="pk_idempotency"),
    )
    op.create_index("ix_idempotency_at", "idempotency", ["at"])


def _directory() -> None:
    op.create_table(
        "agencies",
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_agencies"),
    )
    op.create_table(
        "programs",
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("agency_id", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("sector", sa.String(length=40), nullable=False),
        sa.Column("needs", Json(), nullable=False),
        sa.Column("minimum_age", sa.Integer(), nullable=True),
        sa.Column("maximum_age", sa.Integer(), nullable=True),
        sa.Column("languages", Json(), nullable=False),
        sa.Column("interpretation", sa.Text(), nullable=True),
        sa.Column("accommodations", Json(), nullable=False),
        sa.Column("eligibility", Json(), nullable=False),
        sa.Column("hours", Json(), nullable=False),
        sa.Column("places", Json(), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("training", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.id"], name="fk_programs_agency_id"),
        sa.PrimaryKeyConstraint("id", name="pk_programs"),
    )
    op.create_index("ix_programs_agency_id", "programs", ["agency_id"])
    op.create_index("ix_programs_sector", "programs", ["sector"])
    op.create_table(
        "program_needs",
        sa.Column("program_id", sa.String(length=80), nullable=False),
        sa.Column("need", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["program_id"], ["programs.id"], name="fk_program_needs_program_id"
        ),
        sa.PrimaryKeyConstraint("program_id", "need", name="pk_program_needs"),
    )
    op.create_index("ix_program_needs_need", "program_needs", ["need"])


def _requests() -> None:
    op.create_table(
        "requests",
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("sector", sa.String(length=40), nullable=False),
        sa.Column("need", sa.String(length=40), nullable=False),
        sa.Column("urgency", sa.String(length=40), nullable=False),
        sa.Column("urgency_rank", sa.Integer(), nullable=False),
        sa.Column("submitted_at", UtcDateTime(), nullable=False),
        sa.Column("language", sa.String(length=3), nullable=True),
        sa.Column("age", sa.Integer(), nullable=True),
        sa.Column("cell", sa.String(length=20), nullable=True),
        sa.Column("household_size", sa.Integer(), nullable=True),
        sa.Column("accommodations", Json(), nullable=False),
        sa.Column("preferred", Json(), nullable=False),
        sa.Column("avoided", Json(), nullable=False),
        sa.Column("training", sa.Boolean(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=True),
        sa.Column("hand_program", sa.String(length=80), nullable=True),
        sa.Column("excluded", Json(), nullable=False),
        sa.Column("holder_program", sa.String(length=80), nullable=True),
        sa.Column("held_since", UtcDateTime(), nullable=True),
        sa.Column("answered", sa.String(length=40), nullable=True),
        sa.Column("decision_number", sa.Integer(), nullable=False),
        sa.Column("due", sa.Boolean(), nullable=False),
        sa.CheckConstraint("decision_number >= 0", name="ck_requests_decision_number_not_negative"),
        sa.PrimaryKeyConstraint("referral_id", name="pk_requests"),
    )
    op.create_index(
        "ix_requests_due",
        "requests",
        ["urgency_rank", "submitted_at", "referral_id"],
        sqlite_where=sa.text("due"),
        postgresql_where=sa.text("due"),
    )
    op.create_index("ix_requests_waiting", "requests", ["need", "answered"])


def _places() -> None:
    op.create_table(
        "capacity",
        sa.Column("program_id", sa.String(length=80), nullable=False),
        sa.Column("available", sa.Integer(), nullable=False),
        sa.Column("maximum", sa.Integer(), nullable=True),
        sa.Column("stated_at", UtcDateTime(), nullable=False),
        sa.Column("counts_from", UtcDateTime(), nullable=False),
        sa.Column("accepted_counted", sa.Boolean(), nullable=False),
        sa.Column("stated_by", sa.String(length=40), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("available >= 0", name="ck_capacity_available_not_negative"),
        sa.CheckConstraint(
            "maximum IS NULL OR maximum >= available", name="ck_capacity_maximum_holds_available"
        ),
        sa.CheckConstraint("taken >= 0", name="ck_capacity_taken_not_negative"),
        sa.ForeignKeyConstraint(["program_id"], ["programs.id"], name="fk_capacity_program_id"),
        sa.PrimaryKeyConstraint("program_id", name="pk_capacity"),
    )
    op.create_table(
        "reservations",
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("program_id", sa.String(length=80), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["referral_id"], ["requests.referral_id"], name="fk_reservations_referral_id"
        ),
        sa.PrimaryKeyConstraint("referral_id", "program_id", name="pk_reservations"),
    )
    op.create_index("ix_reservations_program_id", "reservations", ["program_id"])
    op.create_table(
        "acceptances",
        sa.Column("program_id", sa.String(length=80), nullable=False),
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("accepted_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["referral_id"], ["requests.referral_id"], name="fk_acceptances_referral_id"
        ),
        sa.PrimaryKeyConstraint("program_id", "referral_id", "accepted_at", name="pk_acceptances"),
    )


def _decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("answer", sa.String(length=40), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=False),
        sa.Column("policy", sa.String(length=80), nullable=False),
        sa.Column("choices", Json(), nullable=False),
        sa.Column("considered", Json(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_decisions"),
        sa.UniqueConstraint("referral_id", "attempt", "number", name="uq_decisions_referral_id"),
    )
    op.create_table(
        "journal_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", Sequence, nullable=False),
        sa.CheckConstraint("id = 1", name="ck_journal_head_only_one"),
        sa.PrimaryKeyConstraint("id", name="pk_journal_head"),
    )
    op.create_table(
        "journal",
        sa.Column("number", Sequence, autoincrement=False, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("body", Json(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_journal"),
    )
