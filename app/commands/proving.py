"""Commands that prove: the whole ledger, a certified copy, the signed heads; and redaction."""

import gc
import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from app.domain.access import SYSTEM
from app.domain.errors import BrokenChain
from app.exports.copy_check import CopyFault, check_copy
from app.routers.deps import utc_now
from app.services import heads, redactions, verification
from app.services.deployment import Deployment
from app.settings import Settings
from app.store.session import Database, Session

cli = typer.Typer()


@cli.command()
def verify(
    copy: Annotated[
        Path | None, typer.Argument(help="A certified copy; without one, the configured database")
    ] = None,
    signed: Annotated[
        Path | None, typer.Option("--heads", help="Folder of signed heads; else the configured one")
    ] = None,
    public_key: Annotated[
        Path | None, typer.Option(exists=True, help="Their public key, as it was kept apart")
    ] = None,
) -> None:
    """Check the whole ledger, or a certified copy; name the first thing that does not hold.

    A copy is checked from its file alone, without database, settings or network.
    """
    if copy is None:
        _verify_database(signed, public_key)
    else:
        _verify_copy(copy)


def _verify_copy(path: Path) -> None:
    try:
        checked = check_copy(path)
    except CopyFault as fault:
        _fail(fault)
    for stream, (no, head) in sorted(checked.heads.items()):
        typer.echo(f"{stream}  {no} changes  {head}")
    typer.echo(f"manifest  {checked.manifest}")
    typer.echo(
        f"holds: the copy of {checked.scope} made {checked.made_at}, {checked.files} files, "
        f"{checked.shown} changes shown and {checked.hidden} by their digest"
    )


def _verify_database(signed: Path | None, public_key: Path | None) -> None:
    settings = Settings()
    gc.freeze()  # what is there now stays: the collector need not walk it for every page
    with closing(Database(settings.database_url)) as database, database.read() as session:
        total = verification.count_changes(session)
        with typer.progressbar(length=total, label="verifying", file=sys.stderr) as bar:
            report = verification.verify(session, progress=bar.update)
        for head in report.heads:
            typer.echo(f"{head.stream}  {head.no} changes  {head.hash}")
        if report.fault is not None:
            _fail(report.fault)
        _check_heads(session, signed or settings.heads_folder, public_key)
    typer.echo(f"holds: {total} changes, {report.versions} versions")


def _check_heads(session: Session, folder: Path | None, public_key: Path | None) -> None:
    if folder is None:
        typer.echo("NOT COMPARED WITH SIGNED HEADS: none are kept here (--heads).", err=True)
        return
    key = public_key.read_text(encoding="utf-8").strip() if public_key else None
    try:
        found = heads.check(session, folder=folder, public_key=key)
    except BrokenChain as fault:
        _fail(fault)
    for told in found.gone:
        typer.echo(f"{told}.")
    if found.last is None:
        typer.echo(f"NOT COMPARED WITH SIGNED HEADS: {folder} holds none.", err=True)
        return
    since = f"from number {found.first} " if found.first > 1 else ""
    typer.echo(
        f"signed heads  {found.count} days {since}to {found.last.on}, key {found.last.public_key}"
    )


def _fail(fault: Exception) -> NoReturn:
    typer.echo(f"DOES NOT HOLD: {fault}", err=True)
    raise typer.Exit(1) from None


@cli.command("sign-heads")
def sign_heads(
    accept_restore: Annotated[
        str | None, typer.Option(help="Epoch of a restore that was yours, as `restore` named it")
    ] = None,
) -> None:
    """Sign where every stream stands and keep it outside the database; done daily by itself."""
    settings = Settings()
    deployment = Deployment.of(settings)
    is_new = not settings.heads_key_file.exists()
    with closing(Database(settings.database_url)) as database:
        done = heads.sign(database, deployment=deployment, now=utc_now(), accept=accept_restore)
    if is_new:
        typer.echo(
            f"A key was made: {settings.heads_key_file}. Keep a copy of it apart, and give its "
            f"public half to whoever verifies: {done.public_key}",
            err=True,
        )
    typer.echo(f"signed: number {done.number}, {len(done.heads)} streams, sha256 {done.digest}")


@cli.command()
def redact(
    change_id: Annotated[str, typer.Argument(help="The change in which the words stand")],
    field: Annotated[str, typer.Argument(help="Their name: note, words, reason …")],
    reason: Annotated[str, typer.Option(prompt=True, help="Why; without the words themselves")],
) -> None:
    """Remove words that should never have been typed; the trail says so, and still holds."""
    settings = Settings()
    with closing(Database(settings.database_url)) as database, database.write() as session:
        redactions.redact(
            session,
            deployment=Deployment.of(settings),
            actor=SYSTEM,
            place=(change_id, field),
            reason=reason,
            now=utc_now(),
        )
    typer.echo(f"removed: {field} of {change_id}")


def tell_heads(settings: Settings) -> None:
    """Say loudly that no heads are signed, when it is so."""
    if settings.heads_folder is None:
        typer.echo("SIGNED HEADS ARE OFF: DIARY_HEADS_FOLDER is not set.", err=True)
