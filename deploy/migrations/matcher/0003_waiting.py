"""Halts of agencies and programs, their silence, and who waits for which program."""

from datetime import UTC, datetime
from typing import Final

import sqlalchemy as sa
from alembic import op

from services.chassis.columns import UtcDateTime

revision: Final = "matcher_0003"
down_revision: Final = "matcher_0002"
branch_labels: Final = None
depends_on: Final = None

_AGENCY: Final = "current_setting('handoff.agency', true)"
_OWN: Final = f"SELECT FROM programs p WHERE p.agency_id = {_AGENCY}"
# What an agency sees of each table.
_SHOWN: Final = {
    "halts": f"agency_id = {_AGENCY}",
    "agency_lapses": f"agency_id = {_AGENCY}",
    "waits": f"EXISTS ({_OWN} AND p.id = waits.program_id OFFSET 0)",
}
_WAITING: Final = sa.text("attempt IS NOT NULL AND answered IN ('waitlisted', 'unplaced')")
_PAUSED: Final = sa.text(
    "INSERT INTO halts (scope, target_id, kind, agency_id, because, since)"
    " SELECT 'program', id, 'pause', agency_id, 'other', :now FROM programs WHERE paused"
).bindparams(sa.bindparam("now", type_=UtcDateTime()))
_SAY_WHY: Final = sa.text(
    "UPDATE programs SET paused_because = 'other', paused_since = :now WHERE paused"
).bindparams(sa.bindparam("now", type_=UtcDateTime()))
_LISTED: Final = sa.text("UPDATE programs SET listed = active")
# So many requests may wait that they are looked at again by the decider, not here.
_LOOK_AGAIN: Final = sa.text(
    "UPDATE requests SET due = true"
    " WHERE attempt IS NOT NULL AND answered IN ('waitlisted', 'unplaced')"
)


def upgrade() -> None:
    """Create the tables; a program that is paused stays so, and whoever waits is queued."""
    postgres = op.get_bind().dialect.name == "postgresql"
    _columns()
    _tables()
    if postgres:
        # The policies bind the owner too: without it, no program would be found.
        op.execute("SELECT set_config('handoff.agency', '*', true)")
    now = datetime.now(UTC)
    for statement in (_PAUSED, _SAY_WHY):
        op.get_bind().execute(statement, {"now": now})
    for statement in (_LISTED, _LOOK_AGAIN):
        op.execute(statement)
    for table, shown in _SHOWN.items() if postgres else ():
        op.execute(f"CREATE POLICY agency ON {table} USING ({_AGENCY} = '*' OR {shown})")
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    """Take all of it away; a pause of a whole agency stays one of each of its programs."""
    for table in ("waits", "agency_lapses", "halts"):
        op.drop_table(table)
    op.drop_index("ix_requests_sector", "requests")
    for name in ("paused_until", "paused_since", "paused_because", "listed"):
        op.drop_column("programs", name)
    op.drop_column("agencies", "answered_at")


def _columns() -> None:
    op.add_column("agencies", sa.Column("answered_at", UtcDateTime(), nullable=True))
    listed = sa.Column("listed", sa.Boolean(), nullable=False, server_default=sa.true())
    op.add_column("programs", listed)
    op.add_column("programs", sa.Column("paused_because", sa.String(length=40), nullable=True))
    for name in ("paused_since", "paused_until"):
        op.add_column("programs", sa.Column(name, UtcDateTime(), nullable=True))
    op.create_index(
        "ix_requests_sector",
        "requests",
        ["sector", "answered"],
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )


def _tables() -> None:
    op.create_table(
        "halts",
        sa.Column("scope", sa.String(length=40), nullable=False),
        sa.Column("target_id", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("agency_id", sa.String(length=80), nullable=False),
        sa.Column("because", sa.String(length=40), nullable=True),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.id"], name="fk_halts_agency_id"),
        sa.PrimaryKeyConstraint("scope", "target_id", "kind", name="pk_halts"),
    )
    op.create_index("ix_halts_agency_id", "halts", ["agency_id"])
    op.create_index("ix_halts_until", "halts", ["until"])
    op.create_table(
        "agency_lapses",
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.String(length=80), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.id"], name="fk_agency_lapses_agency_id"),
        sa.PrimaryKeyConstraint("offer_id", name="pk_agency_lapses"),
    )
    op.create_index("ix_agency_lapses_agency_id", "agency_lapses", ["agency_id", "at"])
    op.create_table(
        "waits",
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("program_id", sa.String(length=80), nullable=False),
        sa.Column("urgency_rank", sa.Integer(), nullable=False),
        sa.Column("submitted_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["referral_id"], ["requests.referral_id"], name="fk_waits_referral_id"
        ),
        sa.ForeignKeyConstraint(["program_id"], ["programs.id"], name="fk_waits_program_id"),
        sa.PrimaryKeyConstraint("referral_id", "program_id", name="pk_waits"),
    )
    keys = ["program_id", "urgency_rank", "submitted_at", "referral_id"]
    op.create_index("ix_waits_program_id", "waits", keys)
