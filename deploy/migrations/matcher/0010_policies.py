"""Policies in force, the plans that are made for them, and which of them a decision went by."""

from typing import Final

import sqlalchemy as sa
from alembic import op

from services.chassis.columns import Json, Sequence, UtcDateTime

revision: Final = "matcher_0010"
down_revision: Final = "matcher_0009"
branch_labels: Final = None
depends_on: Final = None


def upgrade() -> None:
    """No policy was activated so far, and nobody planned: what was decided was not planned."""
    op.create_table(
        "policies",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.String(length=80), nullable=False),
        sa.Column("hold_back", sa.Boolean(), nullable=False),
        sa.Column("body", Json(), nullable=False),
        sa.Column("activated_at", UtcDateTime(), nullable=False),
        sa.Column("activated_by", sa.String(length=200), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_policies"),
    )
    op.create_index("ix_policies_version", "policies", ["version"])
    op.create_table(
        "plans",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=False),
        sa.Column("lasts_until", UtcDateTime(), nullable=False),
        sa.Column("policy", sa.String(length=80), nullable=False),
        sa.Column("basis", sa.String(length=40), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("offered", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("journal_number", Sequence, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_plans"),
    )
    op.add_column(
        "requests", sa.Column("looked_plan", sa.Integer(), nullable=False, server_default="0")
    )
    op.add_column(
        "requests",
        sa.Column("imported", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.create_index("ix_requests_submitted_at", "requests", ["submitted_at"])
    op.create_index(
        "ix_requests_seeking",
        "requests",
        ["answered", "referral_id"],
        sqlite_where=sa.text("attempt IS NOT NULL"),
        postgresql_where=sa.text("attempt IS NOT NULL"),
    )
    op.create_index("ix_acceptances_ended_at", "acceptances", ["ended_at"])
    op.add_column(
        "decisions",
        sa.Column("basis", sa.String(length=40), nullable=False, server_default="not_wanted"),
    )
    op.add_column("decisions", sa.Column("plan", sa.Integer(), nullable=True))
    op.add_column("decisions", sa.Column("prices", Json(), nullable=False, server_default="{}"))


def downgrade() -> None:
    """The audit still says who activated what; older code replays no journal with plans in it.

    Whoever is held back is looked at again: older code wakes nobody who has that answer.
    """
    op.execute("UPDATE requests SET due = true WHERE attempt IS NOT NULL AND answered = 'deferred'")
    for name in ("prices", "plan", "basis"):
        op.drop_column("decisions", name)
    op.drop_index("ix_acceptances_ended_at", table_name="acceptances")
    for name in ("ix_requests_seeking", "ix_requests_submitted_at"):
        op.drop_index(name, table_name="requests")
    for name in ("imported", "looked_plan"):
        op.drop_column("requests", name)
    op.drop_table("plans")
    op.drop_table("policies")
