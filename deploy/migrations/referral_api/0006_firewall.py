"""What officers tried that no officer may, and which units the figures have heard of."""

from typing import Final

import sqlalchemy as sa
from alembic import op

from services.chassis.columns import UtcDateTime

revision: Final = "referral_api_0006"
down_revision: Final = "referral_api_0005"
branch_labels: Final = None
depends_on: Final = None


def upgrade() -> None:
    """Create the table; the figures are to hear of every unit that there is."""
    op.create_table(
        "refused_attempts",
        sa.Column("unit_id", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("unit_id", "kind", "since", name="pk_refused_attempts"),
    )
    op.add_column(
        "units", sa.Column("told", sa.Boolean(), nullable=False, server_default=sa.false())
    )


def downgrade() -> None:
    """Take both away."""
    op.drop_column("units", "told")
    op.drop_table("refused_attempts")
