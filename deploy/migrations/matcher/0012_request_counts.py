"""How many requests a caller, or an address, made in a minute: digests, no names."""

from typing import Final

import sqlalchemy as sa
from alembic import op

from services.chassis.columns import UtcDateTime

revision: Final = "matcher_0012"
down_revision: Final = "matcher_0011"
branch_labels: Final = None
depends_on: Final = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "request_counts",
        sa.Column("caller", sa.String(length=64), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("caller", "since", name="pk_request_counts"),
    )
    op.create_index("ix_request_counts_since", "request_counts", ["since"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("request_counts")
