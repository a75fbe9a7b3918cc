"""How far each copy of the trial database goes, as its puller says.

Why: the site must see that its trial database follows, and be told when it does not. A table is
only added, so the previous release runs on unchanged.

Revision ID: 20261123_0310
Revises: 20261123_0230
"""

import sqlalchemy as sa
from alembic import op

revision = "20261123_0310"
down_revision = "20261123_0230"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pull_places",
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("cursor", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["key_id"], ["api_keys.id"], name=op.f("fk_pull_places_key_id_api_keys")
        ),
        sa.PrimaryKeyConstraint("key_id", "name", name=op.f("pk_pull_places")),
    )


def downgrade() -> None:
    op.drop_table("pull_places")
