"""Whether a place was ever kept from a referral, for somebody more urgent."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "notifier_0008"
down_revision: Final = "notifier_0007"
branch_labels: Final = None
depends_on: Final = None


def upgrade() -> None:
    """No matcher held anything back so far."""
    op.add_column(
        "progress", sa.Column("held", sa.Boolean(), nullable=False, server_default=sa.false())
    )


def downgrade() -> None:
    """Take the column away, and what was counted by it."""
    op.execute("DELETE FROM rollup_counts WHERE measure = 'held_ever'")
    op.drop_column("progress", "held")
