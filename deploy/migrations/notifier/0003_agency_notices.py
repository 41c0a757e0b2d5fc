"""Notices of an agency as such: without a referral, and named by the agency's id."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "notifier_0003"
down_revision: Final = "notifier_0002"
branch_labels: Final = None
depends_on: Final = None

_SHORT, _LONG = sa.String(length=20), sa.String(length=80)


def upgrade() -> None:
    """Let a notice be without a referral, and its reference as long as an agency's id."""
    with op.batch_alter_table("notices") as notices:
        notices.alter_column("referral_id", existing_type=sa.Uuid(), nullable=True)
        notices.alter_column("reference", existing_type=_SHORT, type_=_LONG)


def downgrade() -> None:
    """Forget the notices of agencies as such."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SELECT set_config('handoff.agency', '*', true)")
    op.execute("DELETE FROM notices WHERE referral_id IS NULL")
    with op.batch_alter_table("notices") as notices:
        notices.alter_column("referral_id", existing_type=sa.Uuid(), nullable=False)
        notices.alter_column("reference", existing_type=_LONG, type_=_SHORT)
