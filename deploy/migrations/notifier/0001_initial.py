"""The first schema of the notifier: the chassis tables and its own."""

from typing import Final

import sqlalchemy as sa
from alembic import op

from services.chassis.columns import Json, Sequence, UtcDateTime

revision: Final = "notifier_0001"
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
    "notices",
    "reminders",
    "recipients",
    "contacts",
    "programs",
    "progress",
    "rollup_counts",
    "rollup_times",
)


def upgrade() -> None:
    """Create every table."""
    _streams()
    _outbox()
    _inbox()
    _held()
    _requests()
    _notices()
    _reminders()
    _contacts()
    _progress()
    _figures()


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
        sa.PrimaryKeyConstraint("topic", "key", name=op.f("pk_stream_heads")),
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
        sa.Column("payload", Json()),
        sa.Column("salt", sa.String(length=32)),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_history")),
        sa.UniqueConstraint("topic", "key", "seq", name=op.f("uq_history_topic")),
    )


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", Sequence, autoincrement=True, nullable=False),
        sa.Column("position", Sequence, nullable=False),
        sa.Column("published_at", UtcDateTime()),
        sa.ForeignKeyConstraint(
            ["position"], ["history.position"], name=op.f("fk_outbox_position")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("position", name=op.f("uq_outbox_position")),
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
        sa.PrimaryKeyConstraint("consumer", "topic", "key", name=op.f("pk_inbox")),
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
        sa.PrimaryKeyConstraint("consumer", "topic", "key", "seq", name=op.f("pk_waiting")),
    )


def _held() -> None:
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
        sa.PrimaryKeyConstraint("consumer", "topic", "key", name=op.f("pk_parked")),
    )
    op.create_table(
        "quarantined",
        sa.Column("consumer", sa.String(length=64), nullable=False),
        sa.Column("topic", sa.String(length=64), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("offset", Sequence, autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint(
            "consumer", "topic", "partition", "offset", name=op.f("pk_quarantined")
        ),
    )


def _requests() -> None:
    op.create_table(
        "audit",
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("tenant", sa.String(length=80)),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("detail", Json(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("subject", "number", name=op.f("pk_audit")),
    )
    op.create_table(
        "idempotency",
        sa.Column("caller", sa.String(length=120), nullable=False),
        sa.Column("route", sa.String(length=200), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("body_mac", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("headers", Json()),
        sa.Column("body", Json()),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("caller", "route", "key", name=op.f("pk_idempotency")),
    )
    op.create_index("ix_idempotency_at", "idempotency", ["at"])


def _notices() -> None:
    op.create_table(
        "notices",
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("recipient", sa.String(length=80), nullable=False),
        sa.Column("template", sa.String(length=40), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("sector", sa.String(length=20), nullable=False),
        sa.Column("urgency", sa.String(length=20), nullable=False),
        sa.Column("training", sa.Boolean(), nullable=False),
        sa.Column("offer_id", sa.Uuid()),
        sa.Column("program_id", sa.String(length=80)),
        sa.Column("deadline_at", UtcDateTime()),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=False),
        sa.Column("leased_until", UtcDateTime()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sent_at", UtcDateTime()),
        sa.Column("failure", sa.String(length=300)),
        sa.PrimaryKeyConstraint("notice_id", name=op.f("pk_notices")),
    )
    op.create_index("ix_notices_created", "notices", ["created_at", "notice_id"])
    op.create_index("ix_notices_due", "notices", ["state", "next_at"])
    op.create_index("ix_notices_recipient", "notices", ["recipient", "state"])
    op.create_index("ix_notices_referral", "notices", ["referral_id", "created_at", "notice_id"])
    op.create_index("ix_notices_state", "notices", ["state", "created_at", "notice_id"])


def _reminders() -> None:
    op.create_table(
        "reminders",
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("recipient", sa.String(length=80), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("sector", sa.String(length=20), nullable=False),
        sa.Column("urgency", sa.String(length=20), nullable=False),
        sa.Column("training", sa.Boolean(), nullable=False),
        sa.Column("program_id", sa.String(length=80), nullable=False),
        sa.Column("deadline_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("offer_id", name=op.f("pk_reminders")),
    )
    op.create_index(op.f("ix_reminders_due_at"), "reminders", ["due_at"])
    op.create_index(op.f("ix_reminders_referral_id"), "reminders", ["referral_id"])


def _contacts() -> None:
    op.create_table(
        "recipients",
        sa.Column("recipient", sa.String(length=80), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("recipient", name=op.f("pk_recipients")),
    )
    op.create_table(
        "contacts",
        sa.Column("recipient", sa.String(length=80), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=80)),
        sa.Column("on_call", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["recipient"], ["recipients.recipient"], name=op.f("fk_contacts_recipient")
        ),
        sa.PrimaryKeyConstraint("recipient", "position", name=op.f("pk_contacts")),
    )
    op.create_table(
        "programs",
        sa.Column("program_id", sa.String(length=80), nullable=False),
        sa.Column("agency_id", sa.String(length=80), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("program_id", name=op.f("pk_programs")),
    )


def _progress() -> None:
    op.create_table(
        "progress",
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("submitted_at", UtcDateTime(), nullable=False),
        sa.Column("occurred_at", UtcDateTime(), nullable=True),
        sa.Column("sector", sa.String(length=20), nullable=False),
        sa.Column("urgency", sa.String(length=20), nullable=False),
        sa.Column("entry_door", sa.String(length=20)),
        sa.Column("language", sa.String(length=20)),
        sa.Column("age_band", sa.String(length=20), nullable=False),
        sa.Column("training", sa.Boolean(), nullable=False),
        sa.Column("origin", sa.String(length=20), nullable=False),
        sa.Column("outcome", sa.String(length=20)),
        sa.Column("closed_at", UtcDateTime()),
        sa.Column("waitlisted", sa.Boolean(), nullable=False),
        sa.Column("unplaced", sa.Boolean(), nullable=False),
        sa.Column("offers", Json(), nullable=False),
        sa.PrimaryKeyConstraint("referral_id", name=op.f("pk_progress")),
    )


def _figures() -> None:
    op.create_table(
        "rollup_counts",
        sa.Column("dimension", sa.String(length=20), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("value", sa.String(length=80), nullable=False),
        sa.Column("measure", sa.String(length=40), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "dimension", "month", "value", "measure", name=op.f("pk_rollup_counts")
        ),
    )
    op.create_table(
        "rollup_times",
        sa.Column("dimension", sa.String(length=20), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("value", sa.String(length=80), nullable=False),
        sa.Column("interval", sa.String(length=40), nullable=False),
        sa.Column("minutes", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "dimension", "month", "value", "interval", "minutes", name=op.f("pk_rollup_times")
        ),
    )
