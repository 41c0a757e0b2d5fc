"""Places beyond the stated ones: a coordinator insisted, and none of the stated is taken."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "matcher_0005"
down_revision: Final = "matcher_0004"
branch_labels: Final = None
depends_on: Final = None

_COLUMNS: Final = {
    "reservations": "over_capacity",
    "acceptances": "over_capacity",
    "requests": "held_over_capacity",
}


def upgrade() -> None:
    """Nobody has insisted so far."""
    for table, name in _COLUMNS.items():
        op.add_column(
            table, sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false())
        )


def downgrade() -> None:
    """All places are counted alike again."""
    for table, name in _COLUMNS.items():
        op.drop_column(table, name)
