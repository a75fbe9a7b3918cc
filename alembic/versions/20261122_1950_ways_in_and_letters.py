"""Ways in beside the PIN, and letters between participants and their site.

Why: a passkey or a second browser must open the diary without a new link from the site, and a
participant must be able to ask the site, read its answer, and say whose an entry saved on a locked
phone was. Tables and an index are only added, so the previous release runs on unchanged.

Revision ID: 20261122_1950
Revises: 20261122_1701
"""

import sqlalchemy as sa
from alembic import op

revision = "20261122_1950"
down_revision = "20261122_1701"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "confirmations",
        sa.Column("record_id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "participant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("is_own", sa.Boolean(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("change_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participants.id"],
            name=op.f("fk_confirmations_participant_id_participants"),
        ),
        sa.PrimaryKeyConstraint("record_id", "version", name=op.f("pk_confirmations")),
        sa.UniqueConstraint("change_id", name=op.f("uq_confirmations_change_id")),
    )
    with op.batch_alter_table("confirmations", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_confirmations_participant_id"), ["participant_id"], unique=False
        )

    op.create_table(
        "requests",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column(
            "participant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("diary_on", sa.Date(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("change_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participants.id"],
            name=op.f("fk_requests_participant_id_participants"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requests")),
        sa.UniqueConstraint("change_id", name=op.f("uq_requests_change_id")),
    )
    with op.batch_alter_table("requests", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_requests_participant_id_asked_at"),
            ["participant_id", "asked_at"],
            unique=False,
        )

    op.create_table(
        "site_messages",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column(
            "participant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_by", sa.String(length=64), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("change_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participants.id"],
            name=op.f("fk_site_messages_participant_id_participants"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site_messages")),
        sa.UniqueConstraint("change_id", name=op.f("uq_site_messages_change_id")),
    )
    with op.batch_alter_table("site_messages", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_site_messages_participant_id_sent_at"),
            ["participant_id", "sent_at"],
            unique=False,
        )

    op.create_table(
        "pairing_codes",
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("device_id", sa.String(length=36), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_pairing_codes_device_id_devices")
        ),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_pairing_codes")),
    )
    with op.batch_alter_table("pairing_codes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_pairing_codes_device_id"), ["device_id"], unique=False)

    op.create_table(
        "passkey_challenges",
        sa.Column("challenge", sa.String(length=128), nullable=False),
        sa.Column("device_id", sa.String(length=36), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_passkey_challenges_device_id_devices")
        ),
        sa.PrimaryKeyConstraint("challenge", name=op.f("pk_passkey_challenges")),
    )
    op.create_table(
        "passkeys",
        sa.Column("credential_id", sa.String(length=1400), nullable=False),
        sa.Column(
            "participant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("device_id", sa.String(length=36), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_passkeys_device_id_devices")
        ),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participants.id"],
            name=op.f("fk_passkeys_participant_id_participants"),
        ),
        sa.PrimaryKeyConstraint("credential_id", name=op.f("pk_passkeys")),
    )
    with op.batch_alter_table("passkeys", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_passkeys_device_id"), ["device_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_passkeys_participant_id"), ["participant_id"], unique=False
        )

    op.create_table(
        "request_answers",
        sa.Column("request_id", sa.String(length=36), nullable=False),
        sa.Column("decision", sa.String(length=12), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_by", sa.String(length=64), nullable=False),
        sa.Column("change_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.id"], name=op.f("fk_request_answers_request_id_requests")
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_request_answers")),
        sa.UniqueConstraint("change_id", name=op.f("uq_request_answers_change_id")),
    )
    # Few saves come from a locked phone: the cohort asks for them without reading all versions.
    op.create_index(
        "ix_record_versions_saved_locked",
        "record_versions",
        ["participant_id"],
        unique=False,
        sqlite_where=sa.text("assurance = 'device'"),
        postgresql_where=sa.text("assurance = 'device'"),
    )


def downgrade() -> None:
    op.drop_index("ix_record_versions_saved_locked", table_name="record_versions")
    op.drop_table("request_answers")
    with op.batch_alter_table("passkeys", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_passkeys_participant_id"))
        batch_op.drop_index(batch_op.f("ix_passkeys_device_id"))

    op.drop_table("passkeys")
    op.drop_table("passkey_challenges")
    with op.batch_alter_table("pairing_codes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_pairing_codes_device_id"))

    op.drop_table("pairing_codes")
    with op.batch_alter_table("site_messages", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_site_messages_participant_id_sent_at"))

    op.drop_table("site_messages")
    with op.batch_alter_table("requests", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_requests_participant_id_asked_at"))

    op.drop_table("requests")
    with op.batch_alter_table("confirmations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_confirmations_participant_id"))

    op.drop_table("confirmations")
