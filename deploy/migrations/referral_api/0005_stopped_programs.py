"""Ways from a program that pauses or closes to its open offers and to those it accepted."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "referral_api_0005"
down_revision: Final = "referral_api_0004"
branch_labels: Final = None
depends_on: Final = None

_INDEXES: Final = (
    ("ix_programs_stopped", "programs", ["id"], "paused OR NOT active"),
    ("ix_offers_program_live", "offers", ["program_id", "id"], "state IN ('open', 'acknowledged')"),
    ("ix_offers_program_held", "offers", ["program_id", "id"], "state IN ('accepted', 'engaged')"),
)


def upgrade() -> None:
    """Keep which entry an offer was made by, and create the indexes."""
    op.add_column("offers", sa.Column("directory_version", sa.Integer(), nullable=True))
    for name, table, columns, where in _INDEXES:
        condition = sa.text(where)
        op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)


def downgrade() -> None:
    """Drop them."""
    for name, table, _, _ in _INDEXES:
        op.drop_index(name, table)
    op.drop_column("offers", "directory_version")
