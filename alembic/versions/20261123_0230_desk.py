"""The desk: queries, sign-offs, visits, reviews of the trail, and how staff come in.

Why: what a monitor asks, an investigator signs and a coordinator notes must be kept beside the
records, and people must make their own accounts. Tables and nullable columns are only added, so the
previous release runs on unchanged.

Revision ID: 20261123_0230
Revises: 20261122_2331
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "20261123_0230"
down_revision = "20261122_2331"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)


def _id(name: str = "id") -> sa.Column[str]:
    return sa.Column(name, sa.String(length=36), nullable=False)


def _change(table: str) -> tuple[Any, ...]:
    return (
        _id("change_id"),
        sa.UniqueConstraint("change_id", name=op.f(f"uq_{table}_change_id")),
    )


def _of(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{other}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name)


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=op.f(f"pk_{table}"))


def _participant(table: str) -> tuple[Any, ...]:
    return (
        sa.Column("participant_id", BIG, nullable=False),
        _of(table, "participant_id", "participants"),
    )


def upgrade() -> None:
    _care()
    _reviews()
    _ways_in()
    _alerts()
    op.add_column("mesotherapy_sessions", sa.Column("area_cm2", sa.Float(), nullable=True))
    op.add_column("participants", sa.Column("consent_version", sa.String(32), nullable=True))
    op.add_column("sign_ins", sa.Column("confirmed_at", AT, nullable=True))
    op.add_column("staff", sa.Column("email_sealed", sa.LargeBinary(), nullable=True))


def _care() -> None:
    op.create_table(
        "queries",
        _id(),
        *_participant("queries"),
        sa.Column("record_id", sa.String(length=36), nullable=True),
        sa.Column("diary_on", sa.Date(), nullable=False),
        sa.Column("field", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("asked_at", AT, nullable=False),
        sa.Column("asked_by", sa.String(length=64), nullable=False),
        _key("queries", "id"),
    )
    op.create_index(op.f("ix_queries_participant_id_state"), "queries", ["participant_id", "state"])
    op.create_table(
        "query_moves",
        sa.Column("id", BIG, sa.Identity(always=False), nullable=False),
        _id("query_id"),
        sa.Column("move", sa.String(length=8), nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        *_change("query_moves"),
        _of("query_moves", "query_id", "queries"),
        _key("query_moves", "id"),
    )
    op.create_index(op.f("ix_query_moves_query_id"), "query_moves", ["query_id"])
    op.create_table(
        "sign_offs",
        _id(),
        *_participant("sign_offs"),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("meaning", sa.String(length=16), nullable=False),
        sa.Column("until_seq", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("signed_at", AT, nullable=False),
        _id("signed_by"),
        *_change("sign_offs"),
        _of("sign_offs", "signed_by", "staff"),
        _key("sign_offs", "id"),
    )
    op.create_index(op.f("ix_sign_offs_participant_id"), "sign_offs", ["participant_id"])
    op.create_table(
        "clinic_measures",
        *_participant("clinic_measures"),
        sa.Column("visit_on", sa.Date(), nullable=False),
        sa.Column("were_done", sa.Boolean(), nullable=False),
        sa.Column("noted_at", AT, nullable=False),
        _id("noted_by"),
        _of("clinic_measures", "noted_by", "staff"),
        _key("clinic_measures", "participant_id", "visit_on"),
    )
    op.create_table(
        "visits",
        _id(),
        *_participant("visits"),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("area_cm2", sa.Float(), nullable=True),
        sa.Column("noted_at", AT, nullable=False),
        *_change("visits"),
        _key("visits", "id"),
    )
    op.create_index(op.f("ix_visits_participant_id"), "visits", ["participant_id"])


def _reviews() -> None:
    op.create_table(
        "trail_reviews",
        _id(),
        sa.Column("site_id", sa.String(length=32), nullable=False),
        sa.Column("until_seq", sa.BigInteger(), nullable=False),
        sa.Column("reviewed_at", AT, nullable=False),
        _id("reviewed_by"),
        *_change("trail_reviews"),
        _of("trail_reviews", "reviewed_by", "staff"),
        _key("trail_reviews", "id"),
    )
    op.create_table(
        "formulary_entries",
        sa.Column("id", BIG, sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("box", sa.Text(), nullable=True),
        sa.Column("noted_at", AT, nullable=False),
        *_change("formulary_entries"),
        _key("formulary_entries", "id"),
    )
    op.create_index(op.f("ix_formulary_entries_code"), "formulary_entries", ["code"])


def _ways_in() -> None:
    op.create_table(
        "staff_invitations",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("login", sa.String(length=120), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=24), nullable=False),
        sa.Column("site_id", sa.String(length=32), nullable=False),
        sa.Column("language", sa.String(length=5), nullable=False),
        sa.Column("until_at", AT, nullable=True),
        sa.Column("invited_by", sa.String(length=64), nullable=False),
        sa.Column("expires_at", AT, nullable=False),
        sa.Column("used_at", AT, nullable=True),
        _key("staff_invitations", "token_hash"),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        _id("staff_id"),
        sa.Column("used_at", AT, nullable=True),
        _of("recovery_codes", "staff_id", "staff"),
        _key("recovery_codes", "code_hash"),
    )
    op.create_index(op.f("ix_recovery_codes_staff_id"), "recovery_codes", ["staff_id"])
    op.create_table(
        "staff_passkeys",
        sa.Column("credential_id", sa.String(length=1400), nullable=False),
        _id("staff_id"),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("used_at", AT, nullable=True),
        sa.Column("revoked_at", AT, nullable=True),
        _of("staff_passkeys", "staff_id", "staff"),
        _key("staff_passkeys", "credential_id"),
    )
    op.create_index(op.f("ix_staff_passkeys_staff_id"), "staff_passkeys", ["staff_id"])
    op.create_table(
        "staff_challenges",
        sa.Column("challenge", sa.String(length=128), nullable=False),
        sa.Column("staff_id", sa.String(length=36), nullable=True),
        sa.Column("expires_at", AT, nullable=False),
        _of("staff_challenges", "staff_id", "staff"),
        _key("staff_challenges", "challenge"),
    )


def _alerts() -> None:
    op.create_table(
        "alert_notes",
        sa.Column("id", BIG, sa.Identity(always=False), nullable=False),
        _id("alert_id"),
        sa.Column("noted_at", AT, nullable=False),
        _id("noted_by"),
        *_change("alert_notes"),
        _of("alert_notes", "alert_id", "alerts"),
        _of("alert_notes", "noted_by", "staff"),
        _key("alert_notes", "id"),
    )
    op.create_index(op.f("ix_alert_notes_alert_id"), "alert_notes", ["alert_id"])
    op.create_table(
        "digests",
        _id("staff_id"),
        sa.Column("digest_on", sa.Date(), nullable=False),
        sa.Column("claimed_at", AT, nullable=False),
        sa.Column("handed_over_at", AT, nullable=True),
        _of("digests", "staff_id", "staff"),
        _key("digests", "staff_id", "digest_on"),
    )


def downgrade() -> None:
    op.drop_column("staff", "email_sealed")
    op.drop_column("sign_ins", "confirmed_at")
    op.drop_column("participants", "consent_version")
    op.drop_column("mesotherapy_sessions", "area_cm2")
    for table in (
        "digests",
        "alert_notes",
        "staff_challenges",
        "staff_passkeys",
        "recovery_codes",
        "staff_invitations",
        "formulary_entries",
        "trail_reviews",
        "visits",
        "clinic_measures",
        "sign_offs",
        "query_moves",
        "queries",
    ):
        op.drop_table(table)
