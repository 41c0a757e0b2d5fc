"""A consent is a record with a life: every version is kept, and revocations have a clock."""

from typing import Final

import sqlalchemy as sa
from alembic import op

from services.chassis.columns import UtcDateTime

revision: Final = "referral_api_0004"
down_revision: Final = "referral_api_0003"
branch_labels: Final = None
depends_on: Final = None

_WORD: Final = sa.String(length=32)
_KEY_LEFT: Final = "erased_at IS NOT NULL AND key_destroyed_at IS NULL"
_INDEXES: Final = (
    ("ix_referrals_consent_ends_at", "referrals", "consent_ends_at", "consent_ends_at IS NOT NULL"),
    ("ix_referrals_key_left", "referrals", "erased_at", _KEY_LEFT),
    (
        "ix_offers_revocation_reminder_at",
        "offers",
        "revocation_reminder_at",
        "revocation_reminder_at IS NOT NULL",
    ),
)
_OF_REFERRALS: Final = ("consent_ends_at", "erased_at", "key_destroyed_at")
_OF_OFFERS: Final = (
    "held_at",
    "revoked_at",
    "revocation_due_at",
    "revocation_reminder_at",
    "revocation_acknowledged_at",
)
_REVOKED: Final = """
    INSERT INTO consents (referral_id, version, status, agencies, sectors, since)
    SELECT referral_id, 2, 'revoked', '[]', '[]', revoked_at FROM consents
    WHERE revoked_at IS NOT NULL
"""
_CLOSED: Final = "UPDATE consents SET until = revoked_at WHERE revoked_at IS NOT NULL"
_ENDED: Final = "('closed', 'withdrawn', 'entered_in_error')"
_STANDING: Final = """
    UPDATE referrals SET consent_status = 'revoked', consent_version = 2
    WHERE id IN (SELECT referral_id FROM consents WHERE status = 'revoked')
"""
_ENDING: Final = f"""
    UPDATE referrals SET consent_ends_at = (
        SELECT c.expires_at FROM consents c WHERE c.referral_id = referrals.id AND c.version = 1
    ) WHERE consent_status = 'given' AND state NOT IN {_ENDED}
"""  # noqa: S608 - words of our own
# A decline dates its answer with its end, unless the offer had been accepted before.
_HELD: Final = """
    UPDATE offers SET held_at = answered_at WHERE answered_at IS NOT NULL AND (
        state IN ('accepted', 'engaged', 'completed', 'not_served', 'rescinded')
        OR state = 'declined' AND answered_at < ended_at
    )
"""


def upgrade() -> None:
    """Keep what stands as version 1, a revocation as version 2, and say who ever held a person."""
    _columns()
    _versions()
    for statement in (_CLOSED, _REVOKED, _STANDING, _ENDING, _HELD):
        op.execute(statement)
    with op.batch_alter_table("consents") as consents:
        consents.drop_column("revoked_at")
    for name, table, column, where in _INDEXES:
        held = sa.text(where)
        op.create_index(name, table, [column], sqlite_where=held, postgresql_where=held)


def downgrade() -> None:
    """Keep the first version alone, and when it was revoked."""
    for name, table, _, _ in _INDEXES:
        op.drop_index(name, table)
    with op.batch_alter_table("consents") as consents:
        consents.add_column(sa.Column("revoked_at", UtcDateTime(), nullable=True))
    op.execute(
        "UPDATE consents SET revoked_at = (SELECT max(c.since) FROM consents c WHERE "
        "c.referral_id = consents.referral_id AND c.status = 'revoked')"
    )
    op.execute("DELETE FROM consents WHERE version > 1 OR scope IS NULL OR given_by IS NULL")
    _one_version()
    for column in reversed(_OF_OFFERS):
        op.drop_column("offers", column)
    for column in reversed(("consent_status", "consent_version", *_OF_REFERRALS)):
        op.drop_column("referrals", column)


def _columns() -> None:
    status = sa.Column("consent_status", _WORD, nullable=False, server_default="given")
    op.add_column("referrals", status)
    version = sa.Column("consent_version", sa.Integer(), nullable=False, server_default="1")
    op.add_column("referrals", version)
    for table, columns in (("referrals", _OF_REFERRALS), ("offers", _OF_OFFERS)):
        for column in columns:
            op.add_column(table, sa.Column(column, UtcDateTime(), nullable=True))


def _versions() -> None:
    with op.batch_alter_table("consents") as consents:
        consents.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
        consents.add_column(sa.Column("status", _WORD, nullable=False, server_default="given"))
        for named in ("agencies", "sectors"):
            consents.add_column(sa.Column(named, sa.Text(), nullable=False, server_default="[]"))
        consents.add_column(sa.Column("until", UtcDateTime(), nullable=True))
        consents.alter_column("given_at", new_column_name="since")
        for column in ("scope", "given_by", "method"):
            consents.alter_column(column, existing_type=_WORD, nullable=True)
        consents.drop_constraint("pk_consents", type_="primary")
        consents.create_primary_key("pk_consents", ["referral_id", "version"])
        scoped = "scope IS NOT NULL OR status <> 'given'"
        consents.create_check_constraint("ck_consents_scoped", scoped)
    with op.batch_alter_table("consents") as consents:
        for column in ("version", "status"):
            consents.alter_column(column, server_default=None)


def _one_version() -> None:
    with op.batch_alter_table("consents") as consents:
        consents.drop_constraint("ck_consents_scoped", type_="check")
        consents.drop_constraint("pk_consents", type_="primary")
        consents.create_primary_key("pk_consents", ["referral_id"])
        for column in ("version", "status", "agencies", "sectors", "until"):
            consents.drop_column(column)
        consents.alter_column("since", new_column_name="given_at")
        for column in ("scope", "given_by", "method"):
            consents.alter_column(column, existing_type=_WORD, nullable=False)
