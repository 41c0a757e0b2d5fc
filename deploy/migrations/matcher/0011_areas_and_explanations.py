"""The area that a program serves, what a decision left out, and the changes of the directory."""

from typing import Final

import sqlalchemy as sa
from alembic import op

from services.chassis.columns import Json

revision: Final = "matcher_0011"
down_revision: Final = "matcher_0010"
branch_labels: Final = None
depends_on: Final = None

_OF_PROGRAMS: Final = sa.text("kind = 'program'")


def upgrade() -> None:
    """No area was told so far, and older decisions name every program that they looked at."""
    op.add_column("programs", sa.Column("area", Json(), nullable=True))
    for name in ("fitting", "eliminated"):
        op.add_column("decisions", sa.Column(name, Json(), nullable=True))
    op.add_column("decisions", sa.Column("rules", sa.String(length=40), nullable=True))
    op.create_index(
        "ix_journal_programs",
        "journal",
        ["number"],
        sqlite_where=_OF_PROGRAMS,
        postgresql_where=_OF_PROGRAMS,
    )


def downgrade() -> None:
    """The next import tells the areas again; what decisions left out is lost."""
    op.drop_index("ix_journal_programs", "journal")
    for name in ("rules", "eliminated", "fitting"):
        op.drop_column("decisions", name)
    op.drop_column("programs", "area")
