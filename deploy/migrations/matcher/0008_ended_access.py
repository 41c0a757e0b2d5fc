"""Whose access ended: their tokens are refused."""

from typing import Final

import sqlalchemy as sa
from alembic import op

from services.chassis.columns import UtcDateTime

revision: Final = "matcher_0008"
down_revision: Final = "matcher_0007"
branch_labels: Final = None
depends_on: Final = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "ended_access",
        sa.Column("access_id", sa.String(length=64), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=False),
        sa.Column("for_ever", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("access_id", name="pk_ended_access"),
    )


def downgrade() -> None:
    """Drop it: whoever was let go is let in again for as long as their tokens live."""
    op.drop_table("ended_access")
