"""The command that rehearses a whole study, and prints what a site signs as accepted."""

import secrets
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from pydantic import SecretStr

from app.observability import set_up_logging
from app.routers.deps import utc_now
from app.services.deployment import Deployment
from app.settings import Settings
from app.simulation.rehearsal import Rehearsed, rehearse
from app.store import migrations
from app.store.session import Database

cli = typer.Typer()


@cli.command("rehearse")
def run_rehearsal(
    participants: Annotated[int, typer.Option(min=1, max=500, help="Simulated people")] = 40,
    days: Annotated[int, typer.Option(min=8, max=67, help="Diary days of each")] = 60,
    database: Annotated[
        str, typer.Option(help="An empty database of the site's own; without it, a temporary one")
    ] = "",
) -> None:
    """Let simulated people live a study, pull it, and prove that nothing was lost on the way.

    Outages, lost answers, second phones and wrong clocks are part of it. It fails when one check
    does. A database that was rehearsed in is full of made-up people: drop it afterwards.
    """
    with _address(database) as url:
        settings = Settings(
            demo=True,  # its accounts and its key are refused everywhere else
            database_url=url,
            base_url="http://localhost:8000",
            secret_key=SecretStr(secrets.token_urlsafe(48)),
            log_format="console",
        )
        set_up_logging(settings.log_format)
        with closing(Database(settings.database_url)) as opened:
            migrations.upgrade(opened)
            done = _rehearse(opened, Deployment.of(settings), participants, days)
    _tell(done)
    if not done.holds:
        raise typer.Exit(1)


@contextmanager
def _address(given: str) -> Iterator[str]:
    if given:
        yield given
        return
    with TemporaryDirectory(prefix="rehearsal-") as folder:
        yield f"sqlite:///{Path(folder) / 'diary.db'}"


def _rehearse(database: Database, deployment: Deployment, people: int, days: int) -> Rehearsed:
    steps = 1_000
    with typer.progressbar(length=steps, label="rehearsing", file=sys.stderr) as bar:
        return rehearse(
            database,
            deployment,
            participants=people,
            days=days,
            now=utc_now(),
            progress=lambda share: bar.update(int(share * steps) - bar.pos),
        )


def _tell(done: Rehearsed) -> None:
    typer.echo("participant  due  answered  adherence  as shown  kept back")
    for row in done.rows:
        pct = f"{row.expected.pct:.1f} %" if row.expected.pct is not None else "–"
        shown = f"{row.shown.answered}/{row.shown.due}"
        typer.echo(
            f"{row.study_code:<11}  {row.expected.due:>3}  {row.expected.answered:>8}  {pct:>9}"
            f"  {shown:>8}  {row.kept_back:>9}"
        )
    kept_back = ", ".join(f"{count} {code}" for code, count in sorted(done.kept_back.items()))
    typer.echo(
        f"\n{done.sent:,} submissions sent in {done.tries:,} tries, {done.acknowledged:,} "
        f"acknowledged, {done.saved:,} saved; kept back: {kept_back or 'none'}.\n"
        f"{done.pulled:,} changes pulled; {done.mails:,} reminders handed over.\n"
    )
    for check, faults in done.checks:
        typer.echo(f"{'DOES NOT HOLD' if faults else 'holds'}: {check}")
        for fault in faults[:10]:
            typer.echo(f"    {fault}", err=True)
        if len(faults) > 10:
            typer.echo(f"    and {len(faults) - 10} more", err=True)
