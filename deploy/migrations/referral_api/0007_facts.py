"""Answers to questions: their codes, what programs ask of a referral, and who may see that."""

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
# Beside the status, for lists of offers: the scope says whether answers are shown.
_SCOPE: Final = """
    UPDATE referrals SET consent_scope = (
        SELECT c.scope FROM consents c
        WHERE c.referral_id = referrals.id AND c.version = referrals.consent_version
    )
"""


def upgrade() -> None:
    """Nothing is asked so far: the matcher's next answer says what is."""
    for table, names in _COLUMNS.items():
        for name in names:
            op.add_column(table, sa.Column(name, Json(), nullable=False, server_default="[]"))
    op.add_column("referrals", sa.Column("consent_scope", sa.String(length=32), nullable=True))
    op.execute(_SCOPE)


def downgrade() -> None:
    """The answers stay sealed."""
    op.drop_column("referrals", "consent_scope")
    for table, names in _COLUMNS.items():
        for name in reversed(names):
            op.drop_column(table, name)
