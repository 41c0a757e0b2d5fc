"""An index by master key: to count what each one wraps, and to wrap it anew in batches."""

from typing import Final

from alembic import op

revision: Final = "key_store_0002"
down_revision: Final = "key_store_0001"
branch_labels: Final = None
depends_on: Final = None


def upgrade() -> None:
    """Make the index."""
    op.create_index("ix_person_keys_master", "person_keys", ["master", "person"])


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_person_keys_master", "person_keys")
