"""Answers to questions: their codes and which were asked, and what programs ask of a referral."""

from typing import Final

import sqlalchemy as sa
from alembic import op

from services.chassis.columns import Json

revision: Final = "referral_api_0007"
down_revision: Final = "referral_api_0006"
branch_labels: Final = None
depends_on: Final = None

_COLUMNS: Final = {
    "referrals": ("also_speaks", "eligibility", "answered", "questions"),
    "offers": ("questions",),
}


def upgrade() -> None:
    """Nothing is asked so far: the matcher's next answer says what is."""
    for table, names in _COLUMNS.items():
        for name in names:
            op.add_column(table, sa.Column(name, Json(), nullable=False, server_default="[]"))


def downgrade() -> None:
    """The answers stay sealed."""
    for table, names in _COLUMNS.items():
        for name in reversed(names):
            op.drop_column(table, name)
