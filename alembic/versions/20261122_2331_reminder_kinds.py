"""Say of the test messages that are there that they are tests.

Why: what a message is for now stands in a column of its own; until now the step's name said it. The
previous release goes on by the name, which stays.

Revision ID: 20261122_2331
Revises: 20261122_2330
"""

from alembic import op

revision = "20261122_2331"
down_revision = "20261122_2330"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE reminders SET kind = 'test' WHERE step LIKE 'test%'")


def downgrade() -> None:
    """The column goes with the revision before."""
