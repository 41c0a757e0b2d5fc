"""What officers tried that no officer may: how often, by kind and minute."""

from typing import Final

import sqlalchemy as sa
from alembic import op

from services.chassis.columns import UtcDateTime

revision: Final = "matcher_0004"
down_revision: Final = "matcher_0003"
branch_labels: Final = None
depends_on: Final = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "refused_attempts",
        sa.Column("unit_id", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("unit_id", "kind", "since", name="pk_refused_attempts"),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("refused_attempts")
