"""Staff of agencies and units, their invitations and duty; whose access ended."""

from typing import Final

import sqlalchemy as sa
from alembic import op

from services.chassis.columns import Json, UtcDateTime

revision: Final = "notifier_0005"
down_revision: Final = "notifier_0004"
branch_labels: Final = None
depends_on: Final = None

_AGENCY: Final = "current_setting('handoff.agency', true)"
# An agency that invites somebody, or loses its last, causes a letter that is not its own to read.
_TOLD: Final = "recipient = 'coordinator' OR recipient LIKE 'staff:%'"
_SHORT: Final = sa.String(length=20)


def upgrade() -> None:
    """Create the tables, and let a notice be of no sector."""
    postgres = op.get_bind().dialect.name == "postgresql"
    op.create_table(
        "ended_access",
        sa.Column("access_id", sa.String(length=64), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=False),
        sa.Column("for_ever", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("access_id", name="pk_ended_access"),
    )
    _staff()
    with op.batch_alter_table("notices") as notices:
        notices.alter_column("sector", existing_type=_SHORT, nullable=True)
    op.create_index(op.f("ix_programs_agency_id"), "programs", ["agency_id"])
    if postgres:
        op.execute(f"CREATE POLICY told ON notices FOR INSERT WITH CHECK ({_TOLD})")
        shown = f"{_AGENCY} = '*' OR agency_id = {_AGENCY}"
        op.execute(f"CREATE POLICY agency ON staff USING ({shown})")
        op.execute("ALTER TABLE staff ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE staff FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    """Forget the staff, and the notices that are of no sector."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SELECT set_config('handoff.agency', '*', true)")
        op.execute("DROP POLICY told ON notices")
    op.drop_index(op.f("ix_programs_agency_id"), "programs")
    op.execute("DELETE FROM notices WHERE sector IS NULL")
    with op.batch_alter_table("notices") as notices:
        notices.alter_column("sector", existing_type=_SHORT, nullable=False)
    for table in ("staff", "ended_access"):
        op.drop_table(table)


def _staff() -> None:
    op.create_table(
        "staff",
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("agency_id", sa.String(length=80)),
        sa.Column("unit_id", sa.String(length=80)),
        sa.Column("administrator", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.String(length=80)),
        sa.Column("details", sa.LargeBinary(), nullable=False),
        sa.Column("everyday", sa.Boolean(), nullable=False),
        sa.Column("hours", Json(), nullable=False),
        sa.Column("time_zone", sa.String(length=64)),
        sa.Column("on_call_until", UtcDateTime()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("invited_at", UtcDateTime(), nullable=False),
        sa.Column("joined_at", UtcDateTime()),
        sa.Column("left_at", UtcDateTime()),
        sa.Column("letters", sa.Integer(), nullable=False),
        sa.Column("code_name", sa.String(length=16)),
        sa.Column("code_digest", sa.String(length=64)),
        sa.Column("code_tries", sa.Integer(), nullable=False),
        sa.Column("code_expires_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_staff")),
        sa.UniqueConstraint("code_name", name=op.f("uq_staff_code_name")),
    )
    op.create_index("ix_staff_invited", "staff", ["invited_at", "staff_id"])
    op.create_index("ix_staff_agency", "staff", ["agency_id", "invited_at", "staff_id"])
    op.create_index("ix_staff_unit", "staff", ["unit_id", "invited_at", "staff_id"])
    op.create_index("ix_staff_role", "staff", ["role", "state"])
    op.create_index("ix_staff_subject", "staff", ["subject", "state"])
