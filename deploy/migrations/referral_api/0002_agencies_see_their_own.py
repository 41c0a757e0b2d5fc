"""Row-level security: in an agency's transaction these tables show no other agency's rows."""

from typing import Final

from alembic import op

revision: Final = "referral_api_0002"
down_revision: Final = "referral_api_0001"
branch_labels: Final = None
depends_on: Final = None

_AGENCY: Final = "current_setting('handoff.agency', true)"
# OFFSET 0 keeps the planner from reading all offers into a hash for a test that is seldom made.
_OFFERS: Final = f"EXISTS (SELECT FROM offers o WHERE o.agency_id = {_AGENCY} AND %s OFFSET 0)"
_HOLDS: Final = "o.referral_id = {}.referral_id AND o.state IN ('accepted', 'engaged')"
# What an agency sees of each table; of refusals nothing, for they tell of other agencies.
_SHOWN: Final = {
    "offers": f"agency_id = {_AGENCY}",
    "referrals": _OFFERS % "o.referral_id = referrals.id",
    "contact_attempts": _OFFERS % "o.id = contact_attempts.offer_id",
    "consents": _OFFERS % _HOLDS.format("consents"),
    "person_fields": _OFFERS % _HOLDS.format("person_fields"),
    "refusals": "false",
}


def upgrade() -> None:
    """Force the policies on PostgreSQL, upon the owner too; SQLite has no such thing."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, shown in _SHOWN.items():
        op.execute(f"CREATE POLICY agency ON {table} USING ({_AGENCY} = '*' OR {shown})")
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    """Take the policies away."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in _SHOWN:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
        op.execute(f"DROP POLICY agency ON {table}")
