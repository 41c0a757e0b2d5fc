"""The directory as it is served to others, beside the programs that are made of it."""

from typing import Final

import sqlalchemy as sa
from alembic import op

from services.chassis.columns import Json, UtcDateTime

revision: Final = "matcher_0009"
down_revision: Final = "matcher_0008"
branch_labels: Final = None
depends_on: Final = None


def upgrade() -> None:
    """Create the tables; the next import of a directory fills them."""
    op.create_table(
        "listings",
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("own_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("agency_id", sa.String(length=80), nullable=True),
        sa.Column("service_id", sa.String(length=80), nullable=True),
        sa.Column("modified_at", UtcDateTime(), nullable=True),
        sa.Column("body", Json(), nullable=False),
        sa.Column("aside", Json(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "id", name="pk_listings"),
    )
    op.create_index("ix_listings_agency_id", "listings", ["kind", "agency_id", "id"])
    op.create_index("ix_listings_modified_at", "listings", ["kind", "modified_at", "id"])
    op.create_table(
        "listing_terms",
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("term_id", sa.String(length=36), nullable=False),
        sa.Column("listing_id", sa.String(length=36), nullable=False),
        sa.Column("taxonomy_id", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("kind", "term_id", "listing_id", name="pk_listing_terms"),
    )
    op.create_index(
        "ix_listing_terms_taxonomy_id", "listing_terms", ["kind", "taxonomy_id", "listing_id"]
    )


def downgrade() -> None:
    """Drop them: the next import fills them again."""
    op.drop_table("listing_terms")
    op.drop_table("listings")
