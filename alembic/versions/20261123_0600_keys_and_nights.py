"""Kinds of keys, and a row for each piece of nightly work.

Why: REDCap's clients send a token of 32 characters and no key id, so a key says which of the two it
is and is found by its digest; and of many schedulers one alone takes the night's backup, which the
row of the night decides. The previous release makes keys of the first kind, which is the default.

Revision ID: 20261123_0600
Revises: 20261123_0311
"""

import sqlalchemy as sa
from alembic import op

revision = "20261123_0600"
down_revision = "20261123_0311"
branch_labels = None
depends_on = None

BY_DIGEST = "ix_api_keys_secret_hash"


def upgrade() -> None:
    op.add_column(
        "api_keys", sa.Column("kind", sa.String(length=8), nullable=False, server_default="door")
    )
    op.create_index(BY_DIGEST, "api_keys", ["secret_hash"], unique=True)
    op.create_table(
        "nightly_runs",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("night_on", sa.Date(), nullable=False),
        sa.Column("worker", sa.String(length=120), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("name", "night_on", name=op.f("pk_nightly_runs")),
    )


def downgrade() -> None:
    op.drop_table("nightly_runs")
    op.drop_index(BY_DIGEST, table_name="api_keys")
    op.drop_column("api_keys", "kind")
