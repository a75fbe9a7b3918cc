"""The command line: each command calls one verb, and says in a sentence what it refuses."""

import gc
import socket
import sys
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Annotated, Literal

import typer
import uvicorn
from pydantic import SecretStr

from app import metrics, puller, scheduler
from app.commands import archiving, keys, operating, proving, rehearsing
from app.domain.access import SYSTEM, Role
from app.domain.errors import DomainError, NotFound, Unavailable
from app.gateways.bounces import LARGEST_MAIL, read_bounce
from app.main import Schedule, create_app, gateways_of, service_of
from app.observability import set_up_logging
from app.routers.deps import utc_now
from app.routers.sentences import SENTENCES, sentence
from app.services import accounts, backups, receipts, rotation, sites
from app.services.deployment import Deployment
from app.settings import Settings
from app.simulation.demo import Demo, prepare
from app.simulation.memory import secret_of
from app.simulation.welcome import welcome
from app.store import migrations
from app.store.session import Database
from app.wire import Wire

StaffRole = Literal[
    "clinician", "coordinator", "assessor", "monitor", "inspector", "data_manager", "admin"
]

cli = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
staff = typer.Typer(no_args_is_help=True, help="Accounts of the site, the sponsor and the admin.")
cli.add_typer(staff, name="staff")
cli.add_typer(keys.cli, name="keys")
cli.add_typer(archiving.cli)
cli.add_typer(operating.cli)
cli.add_typer(proving.cli)
cli.add_typer(rehearsing.cli)


@cli.command()
def serve(host: str = "127.0.0.1", port: int = 8000) -> None:
    """Serve the diary, the desk and the door; with the schedule, when it is embedded."""
    settings = Settings()
    with closing(Database(settings.database_url)) as database:
        database.check()
        operating.require_sound_clock(settings, database)
    _serve(settings, host, port)


def _serve(settings: Settings, host: str, port: int) -> None:
    app = create_app(settings, schedule=_embedded_schedule(settings))
    gc.freeze()  # what is there now stays: the collector need not walk it at every turn
    with metrics.serving_as_set(settings, app.state.service):
        uvicorn.run(
            app,
            host=host,
            port=port,
            http=Wire,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=True,
            forwarded_allow_ips=settings.trusted_proxies,
            timeout_graceful_shutdown=20,
        )


def _embedded_schedule(settings: Settings) -> Schedule:
    if not settings.embedded_schedule:
        return lambda service: nullcontext()
    _tell_ways(settings)
    return lambda service: scheduler.running(
        service, gateways=gateways_of(settings, service.database)
    )


def _tell_ways(settings: Settings) -> None:
    """Say which ways to participants this deployment does not have, and that it has no backups."""
    operating.tell_backups(settings)
    proving.tell_heads(settings)
    if not (settings.smtp_host or settings.demo):
        typer.echo("E-mail reminders are off: DIARY_SMTP_HOST is not set.", err=True)
    if not (settings.sms_url or settings.demo):
        typer.echo("Text messages are off: DIARY_SMS_URL is not set.", err=True)


@cli.command()
def demo(
    port: Annotated[int, typer.Option(envvar="PORT")] = 8000,
    diary_csv: Annotated[
        Path | None, typer.Option(envvar="DIARY_CSV", exists=True, dir_okay=False)
    ] = None,
) -> None:
    """Make or continue a simulated study in ./var, say how to get in, and serve this machine."""
    host, folder = "127.0.0.1", Path("var")
    _require_free(host, port)
    folder.mkdir(exist_ok=True)
    settings = Settings(
        demo=True,
        redcap_facade=True,
        database_url=f"sqlite:///{folder}/diary.db",
        base_url=f"http://localhost:{port}",
        secret_key=SecretStr(secret_of(folder)),
        log_format="console",
        heads_folder=folder / "heads",
        heads_key_file=folder / "heads.key",
    )
    database = Database(settings.database_url)
    migrations.upgrade(database)
    simulated = Demo(database, Deployment.of(settings), folder, diary_csv)
    steps = 1_000
    with typer.progressbar(length=steps, label="living the study", file=sys.stderr) as bar:
        ready = prepare(
            simulated,
            now=utc_now(),
            progress=lambda share: bar.update(int(share * steps) - bar.pos),
        )
    database.close()
    typer.echo(welcome(ready))
    _serve(settings, host, port)


def _require_free(host: str, port: int) -> None:
    """Raise ValueError when somebody listens on the port already, before minutes of work."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            raise ValueError(f"port {port} is taken; choose another: PORT=8080 make demo") from None


@cli.command("scheduler")
def run_scheduler() -> None:
    """Run the reminder schedule alone, beside any number of servers."""
    settings = Settings()
    _tell_ways(settings)
    set_up_logging(settings.log_format)
    service = service_of(settings)
    service.database.check()
    operating.require_sound_clock(settings, service.database)
    rotation.learn(service.database, service.deployment.vault)
    gateways = gateways_of(settings, service.database)
    with metrics.serving_as_set(settings, service):
        scheduler.run_until_stopped(service, gateways=gateways)
    service.database.close()


@cli.command()
def bounce() -> None:
    """Read a returned mail from standard input and note it at its reminder; for a mail server.

    Ends with 0 for a mail that is none of ours, so that nobody sends it round again, and with 75
    when the database is away: the mail server then tries later.
    """
    settings = Settings()
    domain = settings.mail_sender.rpartition("@")[2]
    found = read_bounce(sys.stdin.buffer.read(LARGEST_MAIL), domain)
    if found is None:
        typer.echo("This is no returned mail of this diary.", err=True)
        return
    try:
        with closing(Database(settings.database_url)) as database, database.write() as session:
            receipts.note_bounce(session, key=found.key, status=found.status, now=utc_now())
    except NotFound:
        typer.echo("This mail was not sent by this diary.", err=True)
    except Unavailable:
        typer.echo("The database is away; try again later.", err=True)
        raise typer.Exit(75) from None


@cli.command()
def migrate(
    grant_to: Annotated[str, typer.Option(help="PostgreSQL role of the application")] = "",
) -> None:
    """Bring the database to this release's schema."""
    database = Database(Settings().database_url)
    migrations.upgrade(database)
    if grant_to:
        migrations.grant_to(database, grant_to)
    typer.echo(f"The database is at {migrations.current_revision(database)}.")


@cli.command()
def backup(
    target: Annotated[Path, typer.Argument(help="The file to make; its proof goes beside it")],
) -> None:
    """Copy the database while it is used, and write how to know the copy again beside it."""
    with (
        closing(Database(Settings().database_url)) as database,
        typer.progressbar(length=1000, label="copying", file=sys.stderr) as bar,
    ):
        proof = backups.back_up(
            database,
            target,
            now=utc_now(),
            progress=lambda done, of: bar.update(done * 1000 // max(of, 1) - bar.pos),
        )
    typer.echo(f"{target}  {proof.bytes:,} bytes  sha256 {proof.sha256}")
    typer.echo("Keep DIARY_SECRET_KEY apart from it: contact data cannot be read without the key.")


@cli.command()
def restore(
    source: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
) -> None:
    """Fill the configured database, which must be empty, from a copy, and begin a new epoch."""
    with closing(Database(Settings().database_url)) as database:
        done = backups.restore(source, database, now=utc_now())
    for head in done.heads:
        typer.echo(f"{head.stream}  {head.no} changes  {head.hash}")
    typer.echo(
        f"holds: {done.versions} versions. Epoch {done.epoch} begins after change"
        f" {done.restored_head}: tell whoever pulls to run `pull --resync`."
    )


@cli.command("pull")
def pull_changes(
    address: Annotated[str, typer.Option("--from", help="Address of the diary: https://…")],
    key_file: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="Holds the key")],
    into: Annotated[str, typer.Option(help="sqlite:///…, postgresql://…, or a folder for CSV")],
    limit: Annotated[int, typer.Option(help="Changes a page", min=1, max=1000)] = 500,
    resync: Annotated[
        bool, typer.Option("--resync", help="Drop what a restored server does not know any more")
    ] = False,
    verify_copy: Annotated[
        bool, typer.Option("--verify", help="Then prove the whole copy again, and reconcile it")
    ] = False,
    name: Annotated[str, typer.Option(help="What the site calls this copy")] = "copy",
) -> None:
    """Copy every change into a trial database, prove it, and go on there next time."""

    def progress(pulled: puller.Pulled) -> None:
        typer.echo(f"{pulled.count} changes, at {pulled.place.cursor}", err=True)

    key = key_file.read_text(encoding="utf-8").strip()
    with closing(puller.open_copy(into)) as copy, puller.Server(address, key) as server:
        pulled = puller.pull(server, copy, limit=limit, resync=resync, progress=progress)
        verified = puller.verify(server, copy, pulled.place) if verify_copy else None
        try:
            server.tell_place(name, pulled.place.cursor)
        except puller.PullStopped as fault:  # the copy is whole all the same
            typer.echo(f"The site does not see how far this copy is: {fault}", err=True)
    _tell(pulled, verified)


def _tell(pulled: puller.Pulled, verified: puller.Verified | None) -> None:
    brought = ", ".join(f"{count} {op}" for op, count in sorted(pulled.ops.items()))
    typer.echo(f"pulled {pulled.count} changes" + (f": {brought}" if brought else ""))
    for stream, (no, head) in sorted(pulled.place.heads.items()):
        typer.echo(f"{stream}  {no} changes  {head}")
    if verified is not None:
        days = len(verified.days)
        typer.echo(f"verified {verified.count} changes, and {days} diary days with the server")
    typer.echo(f"whole, in order and unaltered up to {pulled.place.cursor}")


@staff.command("add")
def add_staff(
    login: str,
    name: Annotated[str, typer.Option(prompt=True)],
    organisation: Annotated[str, typer.Option(prompt=True)],
    role: Annotated[StaffRole, typer.Option(prompt=True)],
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)],
    site: Annotated[str, typer.Option(help="Site id, or * for all")] = "*",
    language: str = "fr",
) -> None:
    """Add a named account; prints its TOTP secret once."""
    settings = Settings()
    new = accounts.NewStaff(
        login=login,
        name=name,
        organisation=organisation,
        role=Role(role),
        site=site,
        language=language,
    )
    with Database(settings.database_url).write() as session:
        secret = accounts.add_staff(
            session,
            deployment=Deployment.of(settings),
            actor=SYSTEM,
            new=new,
            password=password,
            now=utc_now(),
        )
    typer.echo(f"Added. TOTP secret, for the authenticator app, shown once: {secret}")


@cli.command("add-site")
def add_site(
    site_id: str,
    name: Annotated[str, typer.Option(prompt=True)],
    organisation: Annotated[str, typer.Option(prompt=True)],
    team_phone: Annotated[str, typer.Option(prompt=True)],
    team_hours: Annotated[str, typer.Option(prompt=True)],
) -> None:
    """Add a hospital site with the telephone that participants are shown."""
    with Database(Settings().database_url).write() as session:
        sites.add_site(
            session,
            actor=SYSTEM,
            new=sites.NewSite(site_id, name, organisation, team_phone, team_hours),
            now=utc_now(),
        )


def run() -> None:
    """Run the command line; an error of the diary is one sentence, not a traceback."""
    try:
        cli()
    except (DomainError, OSError, ValueError) as fault:
        typer.echo(f"Error: {_sentence(fault)}", err=True)
        sys.exit(2)


def _sentence(fault: Exception) -> str:
    """What an operator reads: the pages' sentence where there is one, else what the fault says."""
    if isinstance(fault, DomainError) and fault.code in SENTENCES:
        return sentence(fault, "en")
    return str(fault)


if __name__ == "__main__":
    run()
