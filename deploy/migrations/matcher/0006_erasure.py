"""Which entries of the journal are of one referral, so that an erasure finds them."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "matcher_0006"
down_revision: Final = "matcher_0005"
branch_labels: Final = None
depends_on: Final = None

_OF_REFERRALS: Final = sa.text("referral_id IS NOT NULL")
_NAMED: Final = {
    "postgresql": "(body::json ->> 'referral_id')::uuid",
    "sqlite": "replace(json_extract(body, '$.referral_id'), '-', '')",
}


def upgrade() -> None:
    """Lift the referral's id out of the body of each snapshot."""
    op.add_column("journal", sa.Column("referral_id", sa.Uuid(), nullable=True))
    named = _NAMED[op.get_bind().dialect.name]
    op.execute(f"UPDATE journal SET referral_id = {named} WHERE kind = 'request'")  # noqa: S608
    op.create_index(
        "ix_journal_referral_id",
        "journal",
        ["referral_id"],
        sqlite_where=_OF_REFERRALS,
        postgresql_where=_OF_REFERRALS,
    )


def downgrade() -> None:
    """The body still says it."""
    op.drop_index("ix_journal_referral_id", "journal")
    op.drop_column("journal", "referral_id")
