"""Whom to call and where to go: what an officer in a crisis is told of a program."""

from typing import Final

import sqlalchemy as sa
from alembic import op

from services.chassis.columns import Json

revision: Final = "referral_api_0010"
down_revision: Final = "referral_api_0009"
branch_labels: Final = None
depends_on: Final = None


def upgrade() -> None:
    """Keep telephone and places in the copies of the directory, from their next version on."""
    op.add_column("programs", sa.Column("phone", sa.Text(), nullable=True))
    op.add_column("programs", sa.Column("places", Json(), nullable=True))


def downgrade() -> None:
    """Drop them."""
    for name in ("places", "phone"):
        op.drop_column("programs", name)
