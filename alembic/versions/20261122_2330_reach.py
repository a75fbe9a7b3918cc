"""Push subscriptions, receipts, what is known of an evening, alerts that the site closes.

Why: a message that was handed over is not one that arrived. A reminder notes how far it got, an
evening without entry what is known of its cause, and what calls the site stays until it is closed.
Tables and columns are only added, with a default where the previous release writes; one index makes
room for one that serves it too.

Revision ID: 20261122_2330
Revises: 20261122_1950
"""

import sqlalchemy as sa
from alembic import op

revision = "20261122_2330"
down_revision = "20261122_1950"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
OPEN = sa.text("closed_at IS NULL")
NOTED = ("handed_over_at", "delivered_at", "tapped_at")


def upgrade() -> None:
    # Each column by itself: a table that others point to is not written anew.
    op.add_column(
        "reminders",
        sa.Column("kind", sa.String(length=8), server_default="diary", nullable=False),
    )
    op.add_column("reminders", sa.Column("receipt_hash", sa.String(length=64), nullable=True))
    for name in NOTED:
        op.add_column("reminders", sa.Column(name, INSTANT, nullable=True))
    op.create_index(op.f("ix_reminders_receipt_hash"), "reminders", ["receipt_hash"], unique=True)
    op.create_index(op.f("ix_reminders_handed_over_at"), "reminders", ["handed_over_at"])
    op.create_index(op.f("ix_reminders_channel_ready_at"), "reminders", ["channel", "ready_at"])
    op.drop_index(op.f("ix_reminders_ready_at"), table_name="reminders")
    op.create_table(
        "push_subscriptions",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("participant_id", BIG, nullable=False),
        sa.Column("device_id", sa.String(length=36), nullable=False),
        sa.Column("endpoint_hash", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("ended_by", sa.String(length=12), nullable=True),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participants.id"],
            name=op.f("fk_push_subscriptions_participant_id_participants"),
        ),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_push_subscriptions_device_id_devices")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_subscriptions")),
    )
    for name in ("participant_id", "device_id", "endpoint_hash"):
        op.create_index(op.f(f"ix_push_subscriptions_{name}"), "push_subscriptions", [name])
    op.create_table(
        "evenings",
        sa.Column("participant_id", BIG, nullable=False),
        sa.Column("diary_on", sa.Date(), nullable=False),
        sa.Column("opened_at", INSTANT, nullable=True),
        sa.Column("declined_at", INSTANT, nullable=True),
        sa.Column("fault_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participants.id"],
            name=op.f("fk_evenings_participant_id_participants"),
        ),
        sa.PrimaryKeyConstraint("participant_id", "diary_on", name=op.f("pk_evenings")),
    )
    op.create_table(
        "alerts",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("participant_id", BIG, nullable=False),
        sa.Column("rule", sa.String(length=24), nullable=False),
        sa.Column("diary_on", sa.Date(), nullable=False),
        sa.Column("raised_at", INSTANT, nullable=False),
        sa.Column("owner_id", sa.String(length=36), nullable=True),
        sa.Column("acknowledged_at", INSTANT, nullable=True),
        sa.Column("closed_at", INSTANT, nullable=True),
        sa.Column("closed_by", sa.String(length=64), nullable=True),
        sa.Column("change_id", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participants.id"],
            name=op.f("fk_alerts_participant_id_participants"),
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["staff.id"], name=op.f("fk_alerts_owner_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
    )
    op.create_index(op.f("ix_alerts_participant_id"), "alerts", ["participant_id"])
    op.create_index(
        "uq_alerts_open",
        "alerts",
        ["participant_id", "rule"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )


def downgrade() -> None:
    op.drop_table("alerts")
    op.drop_table("evenings")
    op.drop_table("push_subscriptions")
    op.create_index(op.f("ix_reminders_ready_at"), "reminders", ["ready_at"])
    for name in ("channel_ready_at", "handed_over_at", "receipt_hash"):
        op.drop_index(op.f(f"ix_reminders_{name}"), table_name="reminders")
    for name in (*reversed(NOTED), "receipt_hash", "kind"):
        op.drop_column("reminders", name)
