"""The first schema of referral_api: the chassis tables and its own."""

from typing import Final

import sqlalchemy as sa
from alembic import op

from services.chassis.columns import Json, Sequence, UtcDateTime

revision: Final = "referral_api_0001"
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
    "units",
    "programs",
    "referrals",
    "offers",
    "refusals",
    "contact_attempts",
    "consents",
    "person_fields",
    "tallies",
)


def upgrade() -> None:
    """Create every table."""
    _streams()
    _inbox()
    _calls()
    _directory()
    _referrals()
    _offers()
    _beside_offers()
    _persons()


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
        "units",
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("training", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_units"),
    )
    op.create_table(
        "programs",
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("agency_id", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("training", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_programs"),
    )


def _referrals() -> None:
    op.create_table(
        "referrals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(length=9), nullable=False),
        sa.Column("encounter_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.String(length=80), nullable=False),
        sa.Column("submitted_by", sa.String(length=120), nullable=False),
        sa.Column("submitted_at", UtcDateTime(), nullable=False),
        sa.Column("occurred_at", UtcDateTime(), nullable=True),
        sa.Column("origin", sa.String(length=32), nullable=False),
        sa.Column("training", sa.Boolean(), nullable=False),
        sa.Column("need", sa.String(length=32), nullable=False),
        sa.Column("urgency", sa.String(length=32), nullable=False),
        sa.Column("entry_door", sa.String(length=32), nullable=True),
        sa.Column("language", sa.String(length=3), nullable=True),
        sa.Column("age", sa.Integer(), nullable=True),
        sa.Column("household_size", sa.Integer(), nullable=True),
        sa.Column("accommodations", Json(), nullable=False),
        sa.Column("cell", sa.String(length=16), nullable=True),
        sa.Column("preferred", Json(), nullable=False),
        sa.Column("avoided", Json(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("attempt_open", sa.Boolean(), nullable=False),
        sa.Column("attempt_opened_at", UtcDateTime(), nullable=False),
        sa.Column("hand_program", sa.String(length=80), nullable=True),
        sa.Column("review_at", UtcDateTime(), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("outcome", sa.String(length=32), nullable=True),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("side", sa.String(length=32), nullable=True),
        sa.Column("facts_version", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "attempt_open = (state IN ('routing', 'waitlisted', 'unplaced'))",
            name="ck_referrals_attempt",
        ),
        sa.CheckConstraint(
            "review_at IS NOT NULL OR NOT "
            "(state IN ('routing', 'waitlisted', 'unplaced', 'accepted'))",
            name="ck_referrals_reviewed",
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name="fk_referrals_unit_id"),
        sa.PrimaryKeyConstraint("id", name="pk_referrals"),
        sa.UniqueConstraint("reference", name="uq_referrals_reference"),
    )
    op.create_index(
        "ix_referrals_review_at",
        "referrals",
        ["review_at"],
        sqlite_where=sa.text("review_at IS NOT NULL"),
        postgresql_where=sa.text("review_at IS NOT NULL"),
    )
    op.create_index("ix_referrals_state", "referrals", ["state", "id"])
    op.create_index("ix_referrals_submitted_by", "referrals", ["unit_id", "submitted_by", "id"])
    op.create_index("ix_referrals_unit_id", "referrals", ["unit_id", "id"])
    op.create_index("ix_referrals_unit_state", "referrals", ["unit_id", "state", "id"])


def _offers() -> None:
    op.create_table(
        "offers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("program_id", sa.String(length=80), nullable=False),
        sa.Column("agency_id", sa.String(length=80), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("need", sa.String(length=32), nullable=False),
        sa.Column("urgency", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("offered_at", UtcDateTime(), nullable=False),
        sa.Column("deadline_at", UtcDateTime(), nullable=False),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("side", sa.String(length=32), nullable=True),
        sa.Column("rescinded_for", sa.String(length=32), nullable=True),
        sa.Column("outcome", sa.String(length=32), nullable=True),
        sa.CheckConstraint(
            "answered_at IS NOT NULL OR NOT (state IN ('accepted', 'engaged'))",
            name="ck_offers_answered",
        ),
        sa.ForeignKeyConstraint(["referral_id"], ["referrals.id"], name="fk_offers_referral_id"),
        sa.PrimaryKeyConstraint("id", name="pk_offers"),
    )
    op.create_index("ix_offers_agency_id", "offers", ["agency_id", "deadline_at", "id"])
    op.create_index(
        "ix_offers_agency_live",
        "offers",
        ["agency_id", "deadline_at", "id"],
        sqlite_where=sa.text("state IN ('open', 'acknowledged')"),
        postgresql_where=sa.text("state IN ('open', 'acknowledged')"),
    )
    op.create_index("ix_offers_agency_state", "offers", ["agency_id", "state", "deadline_at", "id"])
    op.create_index("ix_offers_deadline_at", "offers", ["deadline_at", "id"])
    op.create_index("ix_offers_referral_id", "offers", ["referral_id", "id"])
    op.create_index("ix_offers_state", "offers", ["state", "deadline_at", "id"])
    op.create_index(
        "uq_offers_holder",
        "offers",
        ["referral_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('accepted', 'engaged')"),
        postgresql_where=sa.text("state IN ('accepted', 'engaged')"),
    )
    op.create_index(
        "uq_offers_live",
        "offers",
        ["referral_id", "program_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('open', 'acknowledged')"),
        postgresql_where=sa.text("state IN ('open', 'acknowledged')"),
    )


def _beside_offers() -> None:
    op.create_table(
        "refusals",
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("program_id", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["referral_id"], ["referrals.id"], name="fk_refusals_referral_id"),
        sa.PrimaryKeyConstraint("referral_id", "program_id", name="pk_refusals"),
    )
    op.create_table(
        "contact_attempts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("mode", sa.String(length=32), nullable=False),
        sa.Column("reached", sa.Boolean(), nullable=False),
        sa.Column("attempted_at", UtcDateTime(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["offer_id"], ["offers.id"], name="fk_contact_attempts_offer_id"),
        sa.PrimaryKeyConstraint("id", name="pk_contact_attempts"),
    )
    op.create_index("ix_contact_attempts_offer_id", "contact_attempts", ["offer_id"])


def _persons() -> None:
    op.create_table(
        "consents",
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("scope", sa.String(length=32), nullable=False),
        sa.Column("given_by", sa.String(length=32), nullable=False),
        sa.Column("method", sa.String(length=32), nullable=False),
        sa.Column("given_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["referral_id"], ["referrals.id"], name="fk_consents_referral_id"),
        sa.PrimaryKeyConstraint("referral_id", name="pk_consents"),
    )
    op.create_table(
        "person_fields",
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("field", sa.String(length=40), nullable=False),
        sa.Column("row", sa.String(length=36), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["referral_id"], ["referrals.id"], name="fk_person_fields_referral_id"
        ),
        sa.PrimaryKeyConstraint("referral_id", "field", "row", name="pk_person_fields"),
    )
    op.create_table(
        "tallies",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.String(length=80), nullable=False),
        sa.Column("need", sa.String(length=32), nullable=False),
        sa.Column("entry_door", sa.String(length=32), nullable=False),
        sa.Column("training", sa.Boolean(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name="fk_tallies_unit_id"),
        sa.PrimaryKeyConstraint("id", name="pk_tallies"),
    )
