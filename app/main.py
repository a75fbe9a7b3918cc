"""The application: middleware, routers, error answers and static files, put together once."""

import hashlib
import os
from collections.abc import AsyncIterator, Callable, MutableMapping
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.responses import Response
from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import NotModifiedResponse, StaticFiles

from app.gateways.mail import RecordingMailer, SmtpMailer
from app.gateways.push import WebPusher
from app.gateways.sms import HttpTexter, RecordingTexter
from app.metrics import Metered
from app.observability import RequestLog, set_up_logging
from app.rendering import STATIC, script
from app.routers import api, auth, clinician, errors, health, participant, redcap, reports
from app.routers.deps import Clock, Service, utc_now
from app.security import Shield
from app.services import push_keys, rotation
from app.services.deployment import Deployment, vault_of
from app.services.pace import Pace
from app.services.ports import Gateways, Mailer, Texter
from app.settings import Settings
from app.store.session import Database

ROUTERS: tuple[APIRouter, ...] = (
    health.router,
    auth.router,
    reports.router,
    *clinician.ROUTERS,
    *api.ROUTERS,
    redcap.router,
    *participant.ROUTERS,
)

Schedule = Callable[[Service], AbstractContextManager[Any]]


class KeptStatic(StaticFiles):
    """Static files, kept forever by the browser when their address names their content.

    Our own scripts go out without comments and indentation, so that they may have both.
    """

    async def get_response(self, path: str, scope: MutableMapping[str, Any]) -> Response:
        """Serve one file."""
        response = await super().get_response(path, scope)
        named = scope.get("query_string", b"").startswith(b"v=")
        kept = "public, max-age=31536000, immutable" if named else "no-cache"
        response.headers["cache-control"] = kept
        return response

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: MutableMapping[str, Any],
        status_code: int = 200,
    ) -> Response:
        """Answer with a file, or say that the browser has it already."""
        path = Path(full_path)
        if path.suffix != ".js" or path.name.endswith(".min.js"):
            return super().file_response(full_path, stat_result, scope, status_code)
        text = script(path.relative_to(STATIC.resolve()).as_posix())
        etag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
        response = Response(text, media_type="text/javascript", headers={"etag": etag})
        if self.is_not_modified(response.headers, Headers(scope=scope)):
            return NotModifiedResponse(response.headers)
        return response


def service_of(settings: Settings, clock: Clock = utc_now) -> Service:
    """Put together what handlers and the timetable work with; opens nothing."""
    return Service(
        deployment=Deployment.of(settings),
        database=Database(settings.database_url),
        clock=clock,
        secure_cookies=settings.secure_cookies,
        pace=Pace(settings.requests_per_minute),
        redcap_facade=settings.redcap_facade,
        report_token=settings.sms_report_token.get_secret_value(),
    )


def gateways_of(settings: Settings, database: Database) -> Gateways:
    """Give the ways out that the settings name; in the demo, mail and texts are files in ./var.

    Makes the deployment's push keys when it has none yet, so the database must be there.
    """
    keys = push_keys.get_keys(database, vault_of(settings))
    return Gateways(
        mailer=_mailer_of(settings),
        texter=_texter_of(settings),
        pusher=WebPusher(
            private_pem=keys.private_pem,
            public_pem=keys.public_pem,
            subscriber=settings.mail_sender,
            hosts=settings.push_hosts,
        ),
    )


def _texter_of(settings: Settings) -> Texter | None:
    if settings.sms_url:
        return HttpTexter(
            url=settings.sms_url,
            token=settings.sms_token.get_secret_value(),
            sender=settings.sms_sender,
        )
    return RecordingTexter(Path("var/sms")) if settings.demo else None


def _mailer_of(settings: Settings) -> Mailer | None:
    if settings.smtp_host:
        return SmtpMailer(
            host=settings.smtp_host,
            port=settings.smtp_port,
            security=settings.smtp_security,
            sender=settings.mail_sender,
            user=settings.smtp_user,
            password=settings.smtp_password.get_secret_value(),
        )
    return RecordingMailer(Path("var/mail"), sender=settings.mail_sender) if settings.demo else None


def create_app(
    settings: Settings,
    *,
    clock: Clock = utc_now,
    schedule: Schedule = lambda service: nullcontext(),
) -> FastAPI:
    """Build the application. Nothing is opened before it starts; a faulty study stops it here."""
    set_up_logging(settings.log_format)
    service = service_of(settings, clock)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.database.check()
        rotation.learn(service.database, service.deployment.vault)
        with schedule(service):
            yield
        service.database.close()

    app = FastAPI(
        title="CRPS Diary",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.state.service = service
    for router in ROUTERS:
        app.include_router(router)
    app.mount("/static", KeptStatic(directory=STATIC), name="static")
    errors.install(app)
    api.illustrate(app, service.deployment.study)
    app.add_middleware(GZipMiddleware, minimum_size=600)
    app.add_middleware(Shield, base_url=settings.base_url, refuse=errors.refuse, fail=errors.fail)
    app.add_middleware(RequestLog)
    app.add_middleware(Metered, meters=service.meters)
    return app
