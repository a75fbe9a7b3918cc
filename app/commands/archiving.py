"""The archive of a study: a backup, every site's certified copy, the flat files, the signed heads,
and a manifest by which all of it is known again; and the command that opens it again.
"""

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

from app.domain.access import ALL_SITES, SYSTEM, Actor, Grant, Role
from app.domain.errors import InvalidInput
from app.domain.ledger import data_stream
from app.exports.copy_check import CopyFault, check_copy
from app.exports.spread import write_days, write_doses
from app.routers.clinician.copy_files import CopyMaker
from app.routers.deps import AtDesk, utc_now
from app.services import backups, spreads
from app.services.copies import Scope
from app.services.deployment import Deployment
from app.services.spreads import Asked
from app.services.verification import Report
from app.settings import Settings
from app.store import ledger, participants
from app.store.session import Database
from app.store.tables import Site, Staff

cli = typer.Typer()

BACKUP, MANIFEST, COPIES, HEADS = "database.backup", "manifest.json", "copies", "heads"
_READER = Actor(
    kind="system",
    id=SYSTEM.id,
    organisation=SYSTEM.organisation,
    grants=frozenset({Grant(Role.TRIAL_DATABASE, ALL_SITES)}),
)
_README = """The archive of {study}, made {made_at}.

database.backup       the whole database, with its proof in database.backup.json; addresses of
                      participants are sealed in it, and cannot be read without the secret key
copies/<site>.zip     the certified copy of each site: pages, flat files, ODM-XML, trail; each is
                      checked by python -m app verify copies/<site>.zip
days.csv, doses.csv   all participants and diary days, all doses, as the trial database gets them
heads/                signed heads of the ledger, if they were kept: python -m app verify --heads
manifest.json         where every stream of the ledger ends, and the digest of every file

python -m app archive FOLDER --check opens it again: the digests, the copies, and the backup, which
is restored into a scratch database and verified whole. SQLite needs nothing for that; a backup of
PostgreSQL needs a server of the same or a later version, named in DIARY_DATABASE_URL.
"""


@cli.command()
def archive(
    folder: Annotated[Path, typer.Argument(help="Where the archive is made, or lies")],
    check: Annotated[bool, typer.Option("--check", help="Open an archive again instead")] = False,
) -> None:
    """Make the archive of a study, or open one again and compare all that is in it."""
    settings = Settings()
    if check:
        report = open_again(folder, settings.database_url)
        typer.echo(f"holds: {report.versions} versions, {len(report.heads)} streams")
        return
    with closing(Database(settings.database_url)) as database:
        done = make(folder, database, Deployment.of(settings), now=utc_now())
    typer.echo(f"{folder / MANIFEST}  sha256 {done}")
    typer.echo("Write this digest down apart: with it, nobody can put another archive in place.")


def make(folder: Path, database: Database, deployment: Deployment, *, now: datetime) -> str:
    """Make an archive in an empty folder, open it again, and give its manifest's digest."""
    if folder.exists() and any(folder.iterdir()):
        raise InvalidInput("archive_not_empty")
    (folder / COPIES).mkdir(parents=True, exist_ok=True)
    with database.read() as session:
        sites = participants.list_sites(session)
    for site in sites:
        _tell(f"copy of {site.id}")
        _copy_site(folder, database, deployment, site, now)
    _tell("flat files")
    _write_flat(folder, database, deployment, now)
    kept = deployment.heads_folder
    if kept is not None and kept.is_dir():
        shutil.copytree(kept, folder / HEADS)
    _tell("backup")
    backups.back_up(database, folder / BACKUP, now=now)
    report = backups.prove(folder / BACKUP, database)
    made_at = now.isoformat(timespec="seconds")
    title = deployment.study.title.in_("en")
    (folder / "README.txt").write_text(_README.format(study=title, made_at=made_at))
    manifest = {"study": title, "made_at": made_at, "heads": _said(report), "files": _files(folder)}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n")
    digest = _sha256(folder / MANIFEST)
    with database.write() as session:
        ledger.queue_act(
            session, actor=SYSTEM, op="study.archived", now=now, details={"manifest": digest}
        )
    return digest


def open_again(folder: Path, database_url: str) -> Report:
    """Check every file against the manifest, every copy by itself, and the backup in scratch.

    Raises InvalidInput naming what does not hold first.
    """
    manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
    files = _files(folder)
    for name in sorted({*files, *manifest["files"]}):
        if files.get(name) != manifest["files"].get(name):
            raise InvalidInput("archive_altered", file=name)
    ends: Mapping[str, list[Any]] = manifest["heads"]
    for copy in sorted((folder / COPIES).glob("*.zip")):
        stream = data_stream(copy.stem)
        end = _checked(copy).get(stream)
        if end is not None and list(end) != ends.get(stream):
            raise InvalidInput("archive_altered", file=copy.name)
    backup = folder / BACKUP
    with TemporaryDirectory() as scratch:
        embedded = f"sqlite:///{scratch}/none.db"  # never made: what matters is that it is SQLite
        url = embedded if backups.is_of_sqlite(backup) else database_url
        with closing(Database(url)) as database:
            report = backups.reopen(backup, database, Path(scratch))
    if _said(report) != ends:
        raise InvalidInput("archive_altered", file=BACKUP)
    return report


def _copy_site(
    folder: Path, database: Database, deployment: Deployment, site: Site, now: datetime
) -> None:
    """Make a site's certified copy as its own team would, in the name of the service."""
    nobody = Staff(id=SYSTEM.id, name=SYSTEM.organisation, language="en", organisation="")
    path = folder / COPIES / f"{site.id}.zip"
    with path.open("wb") as file, database.read() as session:
        CopyMaker(
            session=session,
            deployment=deployment,
            desk=AtDesk(SYSTEM, nobody),
            scope=Scope(site, None),
            now=now,
        ).make(file)
    _checked(path)


def _checked(copy: Path) -> Mapping[str, tuple[int, str]]:
    """Check a certified copy by itself; give where its streams end."""
    try:
        return check_copy(copy).heads
    except CopyFault as fault:
        raise InvalidInput("backup_does_not_hold", fault=str(fault)) from fault


def _write_flat(folder: Path, database: Database, deployment: Deployment, now: datetime) -> None:
    study, asked = deployment.study, Asked(None, None, None, None)

    def write(name: str, lines: Iterable[str]) -> None:
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            file.writelines(lines)

    with database.read() as session:
        days = spreads.list_days(
            session, deployment=deployment, actor=_READER, asked=asked, now=now
        )
        write("days.csv", write_days(study, days))
        write(
            "doses.csv", write_doses(study, spreads.list_doses(session, actor=_READER, asked=asked))
        )


def _said(report: Report) -> dict[str, list[Any]]:
    return {head.stream: [head.no, head.hash] for head in report.heads}


def _files(folder: Path) -> dict[str, str]:
    """Every file of an archive but its manifest, with its digest."""
    found = (path for path in folder.rglob("*") if path.is_file())
    named = {path.relative_to(folder).as_posix(): path for path in found}
    return {name: _sha256(path) for name, path in named.items() if name != MANIFEST}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _tell(what: str) -> None:
    typer.echo(what, err=True)
