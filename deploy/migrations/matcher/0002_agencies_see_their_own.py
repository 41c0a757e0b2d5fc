"""Row-level security: in an agency's transaction these tables show no other agency's rows."""

from typing import Final

from alembic import op

revision: Final = "matcher_0002"
down_revision: Final = "matcher_0001"
branch_labels: Final = None
depends_on: Final = None

_AGENCY: Final = "current_setting('handoff.agency', true)"
# OFFSET 0 keeps the planner from reading all programs into a hash for a test that is seldom made.
_OWN: Final = f"SELECT FROM programs p WHERE p.agency_id = {_AGENCY}"
# What an agency sees of each table; a list of everybody's programs is asked for by nobody's name.
_SHOWN: Final = {
    "programs": f"agency_id = {_AGENCY}",
    "capacity": f"EXISTS ({_OWN} AND p.id = capacity.program_id OFFSET 0)",
}


def upgrade() -> None:
    """Force the policies on PostgreSQL, upon the owner too; SQLite has no such thing.

    Both find the programs for training, which are few, by an index.
    """
    op.create_index("ix_programs_training", "programs", ["training", "id"])
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, shown in _SHOWN.items():
        op.execute(f"CREATE POLICY agency ON {table} USING ({_AGENCY} = '*' OR {shown})")
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    """Take index and policies away."""
    op.drop_index("ix_programs_training", "programs")
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in _SHOWN:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
        op.execute(f"DROP POLICY agency ON {table}")
