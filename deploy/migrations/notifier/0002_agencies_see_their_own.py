"""Row-level security: in an agency's transaction these tables show no other agency's rows."""

from typing import Final

from alembic import op

revision: Final = "notifier_0002"
down_revision: Final = "notifier_0001"
branch_labels: Final = None
depends_on: Final = None

_AGENCY: Final = "current_setting('handoff.agency', true)"
_SHOWN: Final = dict.fromkeys(
    ("recipients", "contacts", "notices", "reminders"), f"recipient = {_AGENCY}"
)


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
