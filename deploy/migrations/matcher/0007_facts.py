"""Answers to questions, as far as a program's rules are judged by them."""

from typing import Final

import sqlalchemy as sa
from alembic import op

from services.chassis.columns import Json

revision: Final = "matcher_0007"
down_revision: Final = "matcher_0006"
branch_labels: Final = None
depends_on: Final = None

_COLUMNS: Final = ("also_speaks", "eligibility")


def upgrade() -> None:
    """Nothing was answered so far."""
    for name in _COLUMNS:
        op.add_column("requests", sa.Column(name, Json(), nullable=False, server_default="[]"))


def downgrade() -> None:
    """The journal still says it."""
    for name in _COLUMNS:
        op.drop_column("requests", name)
