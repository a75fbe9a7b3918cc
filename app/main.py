"""The application: middleware, routers, error answers and static files, put together once."""

from collections.abc import AsyncIterator, Callable, MutableMapping
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.responses import Response
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles

from app.gateways.mail import RecordingMailer, SmtpMailer
from app.observability import RequestLog, set_up_logging
from app.rendering import STATIC
from app.routers import api, auth, clinician, errors, health, participant
from app.routers.deps import Clock, Service, utc_now
from app.security import Shield
from app.services.deployment import Deployment
from app.services.pace import Pace
from app.services.ports import Mailer
from app.settings import Settings
from app.store.session import Database

ROUTERS: tuple[APIRouter, ...] = (
    health.router,
    auth.router,
    *clinician.ROUTERS,
    *api.ROUTERS,
    *participant.ROUTERS,
)

Schedule = Callable[[Service], AbstractContextManager[Any]]


class KeptStatic(StaticFiles):
    """Static files, kept forever by the browser when their address names their content."""

    async def get_response(self, path: str, scope: MutableMapping[str, Any]) -> Response:
        """Serve one file."""
        response = await super().get_response(path, scope)
        named = scope.get("query_string", b"").startswith(b"v=")
        kept = "public, max-age=31536000, immutable" if named else "no-cache"
        response.headers["cache-control"] = kept
        return response


def service_of(settings: Settings, clock: Clock = utc_now) -> Service:
    """Put together what handlers and the timetable work with; opens nothing."""
    return Service(
        deployment=Deployment.of(settings),
        database=Database(settings.database_url),
        clock=clock,
        secure_cookies=settings.secure_cookies,
        pace=Pace(settings.requests_per_minute),
    )


def mailer_of(settings: Settings) -> Mailer | None:
    """Give the mail that the settings name: a server, a folder in the demo, or none at all."""
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
        with schedule(service):
            yield
        service.database.close()

    app = FastAPI(
        title="CRPS Diary",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        redirect_slashes=False,
    )
    app.state.service = service
    for router in ROUTERS:
        app.include_router(router)
    app.mount("/static", KeptStatic(directory=STATIC), name="static")
    errors.install(app)
    api.illustrate(app)
    app.add_middleware(GZipMiddleware, minimum_size=600)
    app.add_middleware(Shield, over_tls=settings.secure_cookies)
    app.add_middleware(RequestLog)
    return app
