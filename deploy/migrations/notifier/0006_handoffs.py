"""How people were handed over: beside each referral's progress, and every figure told by it."""

from typing import Final

import sqlalchemy as sa
from alembic import op

from services.chassis.columns import UtcDateTime

revision: Final = "notifier_0006"
down_revision: Final = "notifier_0005"
branch_labels: Final = None
depends_on: Final = None

_MOMENTS: Final = ("called_at", "arrived_at", "left_at")
# Of what was counted before, nobody knows how it was handed over: all of it is `unknown`.
_TOLD: Final = """
    INSERT INTO rollup_counts (dimension, month, value, measure, count)
    SELECT 'handoff', month, 'unknown', measure, count FROM rollup_counts WHERE dimension = 'all'
"""
_TIMED: Final = """
    INSERT INTO rollup_times (dimension, month, value, "interval", minutes, count)
    SELECT 'handoff', month, 'unknown', "interval", minutes, count FROM rollup_times
    WHERE dimension = 'all'
"""
_COUNTS_UNTOLD: Final = """
    DELETE FROM rollup_counts WHERE dimension = 'handoff'
    OR measure IN ('handoffs_in_person', 'handoffs_timed', 'handoffs_in_time')
"""
_TIMES_UNTOLD: Final = """
    DELETE FROM rollup_times WHERE dimension = 'handoff'
    OR "interval" IN ('called_to_arrived', 'arrived_to_left')
"""


def upgrade() -> None:
    """Add the columns, and tell the figures of before by a handoff that nobody knows."""
    op.add_column("progress", sa.Column("handoff_kind", sa.String(length=20), nullable=True))
    for name in _MOMENTS:
        op.add_column("progress", sa.Column(name, UtcDateTime(), nullable=True))
    for statement in (_TOLD, _TIMED):
        op.execute(statement)


def downgrade() -> None:
    """Take the columns away, and what was counted by them."""
    for statement in (_COUNTS_UNTOLD, _TIMES_UNTOLD):
        op.execute(statement)
    for name in (*reversed(_MOMENTS), "handoff_kind"):
        op.drop_column("progress", name)
