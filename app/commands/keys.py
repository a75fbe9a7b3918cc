"""`python -m app keys …`: the keys of the trial database, made, listed, changed and ended."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from typing import Annotated, Literal

import typer

from app.domain.access import SYSTEM
from app.routers.deps import utc_now
from app.services import keys
from app.settings import Settings
from app.store.session import Database, Session
from app.store.tables import ApiKey

cli = typer.Typer(no_args_is_help=True, help="Keys of the trial database.")

KeyId = Annotated[str, typer.Argument(help="The key's id, as `keys list` shows it")]
STATES = {
    "live": "holds",
    "ends_soon": "holds, ends soon",
    "expired": "expired",
    "ended": "ended",
}


@contextmanager
def _writing() -> Iterator[Session]:
    with closing(Database(Settings().database_url)) as database, database.write() as session:
        yield session


@cli.command("add")
def add_key(
    label: str,
    sites: Annotated[str, typer.Option(help="Site ids separated by commas, or *")] = "*",
    days: Annotated[int, typer.Option(help="Days until it expires", min=1, max=730)] = 365,
    scope: Annotated[
        list[str] | None, typer.Option(help="What it may read; may be given again. Default: all")
    ] = None,
    kind: Annotated[
        Literal["door", "redcap"],
        typer.Option(help="`redcap`: a token for scripts that speak to REDCap; it has no scopes"),
    ] = "door",
) -> None:
    """Make a key for the trial database; prints it once."""
    now = utc_now()
    new = keys.NewKey(
        label=label,
        sites=tuple(site.strip() for site in sites.split(",")),
        expires_at=now + timedelta(days=days),
        scopes=tuple(scope) if scope else keys.SCOPES,
    )
    with _writing() as session:
        make = keys.create_redcap_token if kind == keys.REDCAP else keys.create
        key = make(session, actor=SYSTEM, new=new, now=now)
    typer.echo(key)
    if kind == keys.REDCAP and not Settings().redcap_facade:
        typer.echo("It opens nothing yet: DIARY_REDCAP_FACADE is off.", err=True)


@cli.command("list")
def list_keys() -> None:
    """List the keys, the newest first; no secret is known any more."""
    now = utc_now()
    with closing(Database(Settings().database_url)) as database, database.read() as session:
        rows = [_said(key, now) for key in keys.list_keys(session, actor=SYSTEM)]
    heading = ("id", "label", "sites", "scopes", "until", "last used", "state")
    widths = [max(map(len, column)) for column in zip(heading, *rows, strict=True)]
    for row in (heading, *rows):
        told = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        typer.echo("  ".join(told).rstrip())


@cli.command("end")
def end_key(key_id: KeyId) -> None:
    """End a key at once."""
    with _writing() as session:
        keys.revoke(session, actor=SYSTEM, key_id=key_id, now=utc_now())
    typer.echo(f"{key_id} has ended.")


@cli.command("rotate")
def rotate_key(
    key_id: KeyId,
    overlap_days: Annotated[
        int,
        typer.Option(help="Days for which both hold", min=0, max=keys.MOST_OVERLAP_DAYS),
    ] = keys.USUAL_OVERLAP_DAYS,
) -> None:
    """Make the key that takes another's place; prints it once. Both hold for the overlap."""
    with _writing() as session:
        made = keys.rotate(
            session, actor=SYSTEM, key_id=key_id, overlap_days=overlap_days, now=utc_now()
        )
    typer.echo(made.key)
    typer.echo(f"{key_id} holds until {_moment(made.until)}.", err=True)


def _said(key: ApiKey, now: datetime) -> tuple[str, ...]:
    """A key as a row of the list."""
    return (
        key.id,
        key.label,
        key.sites.replace(" ", ","),
        key.scopes.replace(" ", ","),
        _moment(key.expires_at),
        _moment(key.used_at) if key.used_at else "never",
        STATES[keys.state_of(key, now)],
    )


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
