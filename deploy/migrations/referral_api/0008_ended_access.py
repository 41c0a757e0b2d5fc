"""Whose access ended, and who left: what coordinators had who left is nobody's again."""

from typing import Final

import sqlalchemy as sa
from alembic import op

from services.chassis.columns import UtcDateTime

revision: Final = "referral_api_0008"
down_revision: Final = "referral_api_0007"
branch_labels: Final = None
depends_on: Final = None


def upgrade() -> None:
    """Create both tables, and the index that finds what leavers have."""
    op.create_table(
        "ended_access",
        sa.Column("access_id", sa.String(length=64), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=False),
        sa.Column("for_ever", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("access_id", name="pk_ended_access"),
    )
    op.create_table(
        "leavers",
        sa.Column("access_id", sa.String(length=64), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("access_id", name="pk_leavers"),
    )
    taken = sa.text("assigned_to IS NOT NULL")
    op.create_index(
        "ix_work_items_taken",
        "work_items",
        ["assigned_to"],
        sqlite_where=taken,
        postgresql_where=taken,
    )


def downgrade() -> None:
    """Drop both: whoever was let go is let in again for as long as their tokens live."""
    op.drop_index("ix_work_items_taken", "work_items")
    for table in ("leavers", "ended_access"):
        op.drop_table(table)
