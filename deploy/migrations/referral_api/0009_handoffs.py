"""Warm handoffs, and pairs of referrals that seem to be of one person."""

from typing import Final

import sqlalchemy as sa
from alembic import op

from services.chassis.columns import Json, UtcDateTime

revision: Final = "referral_api_0009"
down_revision: Final = "referral_api_0008"
branch_labels: Final = None
depends_on: Final = None

_WORD: Final = sa.String(length=32)
_AGENCY: Final = "current_setting('handoff.agency', true)"
# A handoff is shown to the agency that holds the referral, a pair of referrals to no agency.
_SHOWN: Final = {
    "handoffs": f"{_AGENCY} = '*' OR EXISTS (SELECT FROM offers o WHERE o.agency_id = {_AGENCY} "
    "AND o.referral_id = handoffs.referral_id AND o.state IN ('accepted', 'engaged') OFFSET 0)",
    "duplicates": f"texteq({_AGENCY}, '*')",
}
_OPEN: Final = "state IN ('routing', 'offered', 'waitlisted', 'unplaced', 'accepted')"
_INDEXES: Final = (
    ("ix_referrals_compare_at", ["compare_at", "id"], "compare_at IS NOT NULL"),
    ("ix_referrals_near_unit", ["unit_id", "submitted_at", "id"], _OPEN),
    ("ix_referrals_near_cell", ["cell", "submitted_at", "id"], _OPEN),
)


def upgrade() -> None:
    """Create both tables; what was submitted before is compared with what comes."""
    _handoffs()
    _duplicates()
    op.add_column("referrals", sa.Column("compare_at", UtcDateTime(), nullable=True))
    for name, columns, where in _INDEXES:
        rows = sa.text(where)
        op.create_index(name, "referrals", columns, sqlite_where=rows, postgresql_where=rows)
    for table, shown in _SHOWN.items() if op.get_bind().dialect.name == "postgresql" else ():
        op.execute(f"CREATE POLICY agency ON {table} USING ({shown})")
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    """Drop both."""
    for name, _, _ in _INDEXES:
        op.drop_index(name, "referrals")
    op.drop_column("referrals", "compare_at")
    op.drop_table("duplicates")
    op.drop_table("handoffs")


def _handoffs() -> None:
    op.create_table(
        "handoffs",
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("kind", _WORD, nullable=False),
        sa.Column("called_at", UtcDateTime(), nullable=True),
        sa.Column("arrived_at", UtcDateTime(), nullable=True),
        sa.Column("left_at", UtcDateTime(), nullable=True),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["referral_id"], ["referrals.id"], name="fk_handoffs_referral_id"),
        sa.PrimaryKeyConstraint("referral_id", name="pk_handoffs"),
    )


def _duplicates() -> None:
    op.create_table(
        "duplicates",
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("why", Json(), nullable=False),
        sa.Column("state", _WORD, nullable=False),
        sa.Column("found_at", UtcDateTime(), nullable=False),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.Column("settled_by", sa.String(length=120), nullable=True),
        sa.ForeignKeyConstraint(
            ["referral_id"], ["referrals.id"], name="fk_duplicates_referral_id"
        ),
        sa.ForeignKeyConstraint(["other_id"], ["referrals.id"], name="fk_duplicates_other_id"),
        sa.PrimaryKeyConstraint("referral_id", "other_id", name="pk_duplicates"),
    )
    op.create_index("ix_duplicates_other_id", "duplicates", ["other_id", "referral_id"])
