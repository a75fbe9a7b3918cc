"""An index of the diaries that the site entered.

Why: the cohort leaves them out of adherence, and asks for them by participant and day; they are few
among many. An index is only added, so the previous release runs on unchanged.

Revision ID: 20261123_0311
Revises: 20261123_0310
"""

import sqlalchemy as sa
from alembic import op

revision = "20261123_0311"
down_revision = "20261123_0310"
branch_labels = None
depends_on = None

NAME = "ix_record_versions_entered_by_site"
FEW = sa.text("kind = 'diary' AND version = 1 AND assurance = 'staff'")


def upgrade() -> None:
    op.create_index(
        NAME,
        "record_versions",
        ["participant_id", "diary_on"],
        sqlite_where=FEW,
        postgresql_where=FEW,
    )


def downgrade() -> None:
    op.drop_index(NAME, table_name="record_versions")
