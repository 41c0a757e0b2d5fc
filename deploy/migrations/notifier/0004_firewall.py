"""What officers tried that no officer may: counted here, and as every service counted it."""

from typing import Final

import sqlalchemy as sa
from alembic import op

from services.chassis.columns import UtcDateTime

revision: Final = "notifier_0004"
down_revision: Final = "notifier_0003"
branch_labels: Final = None
depends_on: Final = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "refused_attempts",
        sa.Column("unit_id", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("unit_id", "kind", "since", name="pk_refused_attempts"),
    )
    op.create_table(
        "units",
        sa.Column("unit_id", sa.String(length=80), nullable=False),
        sa.Column("training", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("unit_id", name=op.f("pk_units")),
    )
    op.create_table(
        "refusal_counts",
        sa.Column("service", sa.String(length=20), nullable=False),
        sa.Column("unit_id", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "service", "unit_id", "kind", "since", name=op.f("pk_refusal_counts")
        ),
    )
    op.create_index(op.f("ix_refusal_counts_month"), "refusal_counts", ["month"])


def downgrade() -> None:
    """Drop them."""
    for table in ("refusal_counts", "units", "refused_attempts"):
        op.drop_table(table)
