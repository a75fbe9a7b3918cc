"""Triggers that keep the insert-only tables insert-only.

Why: nothing clinical is ever updated or deleted (21 CFR 11.10(e)), not even by a mistaken script
on the server. INSERT over an existing key is refused as well, since SQLite's INSERT OR REPLACE
would slip past the other two, and TRUNCATE on PostgreSQL. The one UPDATE allowed nulls a text
together with its salt: a redaction.

Revision ID: 20261122_1701
Revises: 20261122_1700
"""

from alembic import op

revision = "20261122_1701"
down_revision = "20261122_1700"
branch_labels = None
depends_on = None

TABLES = {
    "epochs": (("id",),),
    "ledger": (("seq",), ("stream", "no"), ("stream", "prev_hash"), ("change_id",)),
    "record_versions": (("record_id", "version"), ("change_id",), ("submission_id",)),
    "change_texts": (("change_id", "field"),),
    "set_aside": (("id",), ("submission_id",), ("change_id",)),
    "set_aside_decisions": (("set_aside_id",), ("change_id",)),
}
REDACTION = (
    "NEW.change_id = OLD.change_id AND NEW.field = OLD.field"
    " AND NEW.value IS NULL AND NEW.salt IS NULL"
)


def _upgrade_sqlite() -> None:
    for table, keys in TABLES.items():
        unless = f"WHEN NOT ({REDACTION})" if table == "change_texts" else ""
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is insert-only'); END"
        taken = " OR ".join(
            f"EXISTS (SELECT 1 FROM {table} WHERE "
            + " AND ".join(f"{column} = NEW.{column}" for column in key)
            + ")"
            for key in keys
        )
        op.execute(
            f"CREATE TRIGGER guard_{table}_update BEFORE UPDATE ON {table} {unless} {refuse}"
        )
        op.execute(f"CREATE TRIGGER guard_{table}_delete BEFORE DELETE ON {table} {refuse}")
        op.execute(
            f"CREATE TRIGGER guard_{table}_replace BEFORE INSERT ON {table} WHEN {taken} {refuse}"
        )


def _upgrade_postgresql() -> None:
    op.execute(
        """CREATE FUNCTION guard_insert_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '% is insert-only', TG_TABLE_NAME; END $$"""
    )
    op.execute(
        f"""CREATE FUNCTION guard_redact_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'UPDATE' THEN
                IF {REDACTION} THEN RETURN NEW; END IF;
            END IF;
            RAISE EXCEPTION '% is insert-only', TG_TABLE_NAME;
        END $$"""
    )
    for table in TABLES:
        guard = "guard_redact_only" if table == "change_texts" else "guard_insert_only"
        op.execute(
            f"CREATE TRIGGER guard_{table}_change BEFORE UPDATE OR DELETE ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION {guard}()"
        )
        op.execute(
            f"CREATE TRIGGER guard_{table}_truncate BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION guard_insert_only()"
        )
        for act in ("change", "truncate"):  # also for sessions that replay as a replica
            op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER guard_{table}_{act}")


def upgrade() -> None:
    """Create the guards of the engine at hand."""
    if op.get_bind().dialect.name == "sqlite":
        _upgrade_sqlite()
    else:
        _upgrade_postgresql()


def downgrade() -> None:
    """Remove them; only a scratch database is ever taken back."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    acts = ("update", "delete", "replace") if sqlite else ("change", "truncate")
    for table in TABLES:
        for act in acts:
            where = "" if sqlite else f" ON {table}"
            op.execute(f"DROP TRIGGER guard_{table}_{act}{where}")
    if not sqlite:
        op.execute("DROP FUNCTION guard_insert_only()")
        op.execute("DROP FUNCTION guard_redact_only()")
