"""Commands for whoever runs the service: how it does, secrets, erasing, moving, archiving."""

import sys
from contextlib import closing
from typing import Annotated

import typer

from app.domain.errors import WrongState
from app.routers.deps import utc_now
from app.services import clocks, moving, operations, retention, rotation
from app.services.deployment import Deployment, vault_of
from app.settings import Settings
from app.store.session import Database

cli = typer.Typer()


def tell_backups(settings: Settings) -> None:
    """Say loudly that nothing is backed up at night, when it is so."""
    if settings.backup_folder is None and not settings.demo:
        typer.echo("NIGHTLY BACKUPS ARE OFF: DIARY_BACKUP_FOLDER is not set.", err=True)


def require_sound_clock(settings: Settings, database: Database) -> None:
    """Say that this machine's clock is off; raise WrongState when it lies before the ledger's."""
    with database.read() as session:
        now = utc_now()
        try:
            reading = clocks.require_sound(session, now)
        except WrongState:
            if not settings.trust_clock:
                raise
            reading = clocks.read(session, now)
    if reading.is_off:
        told = f"{reading.offset_s or 0:+.1f} s beside the database's"
        behind = f"{reading.behind_ledger_s:.0f} s before the last change"
        typer.echo(f"THE CLOCK OF THIS MACHINE IS OFF: {told}, {behind}.", err=True)


@cli.command()
def status() -> None:
    """Say how the service does; ends with 1 when somebody should look at something."""
    settings = Settings()
    with closing(Database(settings.database_url)) as database, database.read() as session:
        seen = operations.look(session, deployment=Deployment.of(settings), now=utc_now())
    for night in seen.nights:
        told = night.told.get("code") or night.told.get("file") or ""
        typer.echo(f"backup of {night.on}: {night.state or 'under way'} {told}".rstrip())
    beat = seen.beat_at.isoformat(timespec="seconds") if seen.beat_at else "never"
    typer.echo(f"schedule last at work: {beat}")
    for one in seen.without:
        typer.echo(f"off: {one}")
    for trouble in seen.troubles:
        typer.echo(f"LOOK AT: {trouble}", err=True)
    if seen.troubles:
        raise typer.Exit(1)


@cli.command("rotate-key")
def rotate_key(
    check: Annotated[
        bool, typer.Option("--check", help="Only say what still needs an earlier secret")
    ] = False,
) -> None:
    """Seal again, with the present secret, all that an earlier one sealed; the service may run.

    Ends with 1 while something still needs an earlier secret.
    """
    settings = Settings()
    vault = vault_of(settings)
    with closing(Database(settings.database_url)) as database:
        if not check:
            done = rotation.rotate(database, vault, now=utc_now(), progress=_tell_progress)
            typer.echo(f"sealed again: {done.resealed}, not readable with any secret: {done.left}")
        with database.read() as session:
            left = rotation.count_left(session, vault)
    for name, count in left.items():
        typer.echo(f"still needs an earlier secret: {count} {name}")
    if left:
        raise typer.Exit(1)
    typer.echo("Nothing needs an earlier secret: DIARY_PREVIOUS_SECRET_KEYS may go.")


@cli.command("migrate-data")
def migrate_data(
    source: Annotated[str, typer.Option("--from", help="Database to move; stop the service first")],
    target: Annotated[str, typer.Option("--to", help="Empty database that takes it over")],
) -> None:
    """Move a deployment between SQLite and PostgreSQL, whole and verified; cursors go on."""
    with closing(Database(source)) as old, closing(Database(target)) as new:
        rows = moving.count_rows(old)
        with typer.progressbar(length=rows, label="moving", file=sys.stderr) as bar:
            done = moving.move(old, new, now=utc_now(), progress=bar.update)
    for stream, (no, head) in sorted(done.heads.items()):
        typer.echo(f"{stream}  {no} changes  {head}")
    typer.echo(f"holds: {done.rows} rows, {done.versions} versions. Name it in DIARY_DATABASE_URL.")


def _tell_progress(count: int) -> None:
    if count:
        typer.echo(f"{count} more", err=True)


@cli.command()
def purge(
    study_end: Annotated[
        bool, typer.Option("--study-end", help="Addresses, credentials and ways in of participants")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, only say what would go")] = (
        False
    ),
) -> None:
    """Erase what reaches participants, once the study is over; answers and the ledger stay."""
    if not study_end:
        typer.echo("Technical rows are erased every night; --study-end is the other purge.")
        return
    with closing(Database(Settings().database_url)) as database:
        with database.read() as session:
            found, going_on = retention.look_at_end(session, utc_now())
        for name, count in found.items():
            typer.echo(f"{name}: {count}")
        if going_on:
            typer.echo(f"{going_on} participants are not at their last diary day yet.", err=True)
        if not yes:
            typer.echo("Nothing was erased: say --yes to do it.")
            return
        with database.write() as session:
            retention.end_study(session, now=utc_now())
    typer.echo("Erased. Older backups still hold it: remove them when their time has come.")
