"""The coordinator's worklist: why a referral needs one, by when, and who has it."""

from typing import Final

import sqlalchemy as sa
from alembic import op

from services.chassis.columns import Json, UtcDateTime

revision: Final = "referral_api_0003"
down_revision: Final = "referral_api_0002"
branch_labels: Final = None
depends_on: Final = None

# A function where an operator would do: of an equality the planner believes that hardly any row
# passes, and would read and sort the whole list for one page.
_SHOWN: Final = "texteq(current_setting('handoff.agency', true), '*')"
_LISTED: Final = sa.text("due_at IS NOT NULL")
_NOBODYS: Final = sa.text("due_at IS NOT NULL AND assigned_to IS NULL")
_TABLES: Final = ("work_items", "attentions")
# Whoever waits already is in the list from the first day on.
_ATTENTIONS: Final = """
    INSERT INTO attentions (referral_id, why, since, due_at)
    SELECT id, state, attempt_opened_at, review_at FROM referrals
    WHERE state IN ('unplaced', 'waitlisted')
"""
_ITEMS: Final = """
    INSERT INTO work_items (referral_id, due_at)
    SELECT id, review_at FROM referrals WHERE state IN ('unplaced', 'waitlisted')
"""


def upgrade() -> None:
    """Create both tables, list what waits, and show neither to agencies."""
    postgres = op.get_bind().dialect.name == "postgresql"
    _create()
    for statement in (_ATTENTIONS, _ITEMS):
        op.execute(statement)
    op.add_column(
        "offers",
        sa.Column("over_capacity", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    # What a program serves binds a coordinator who insists; None until its next version is heard.
    op.add_column("programs", sa.Column("sector", sa.String(length=32), nullable=True))
    op.add_column("programs", sa.Column("needs", Json(), nullable=True))
    for table in _TABLES if postgres else ():
        op.execute(f"CREATE POLICY agency ON {table} USING ({_SHOWN})")
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    """Drop both; what waits is found by its state again."""
    for name in ("needs", "sector"):
        op.drop_column("programs", name)
    op.drop_column("offers", "over_capacity")
    for table in reversed(_TABLES):
        op.drop_table(table)


def _create() -> None:
    op.create_table(
        "work_items",
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("assigned_to", sa.String(length=120), nullable=True),
        sa.ForeignKeyConstraint(
            ["referral_id"], ["referrals.id"], name="fk_work_items_referral_id"
        ),
        sa.PrimaryKeyConstraint("referral_id", name="pk_work_items"),
    )
    first = ["due_at", "referral_id"]
    for name, keys, where in (
        ("ix_work_items_due_at", first, _LISTED),
        ("ix_work_items_nobodys", first, _NOBODYS),
        ("ix_work_items_assigned_to", ["assigned_to", *first], _LISTED),
    ):
        op.create_index(name, "work_items", keys, sqlite_where=where, postgresql_where=where)
    op.create_table(
        "attentions",
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("why", sa.String(length=32), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["referral_id"], ["referrals.id"], name="fk_attentions_referral_id"
        ),
        sa.PrimaryKeyConstraint("referral_id", "why", name="pk_attentions"),
    )
    op.create_index("ix_attentions_why", "attentions", ["why", "due_at", "referral_id"])
