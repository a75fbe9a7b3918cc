"""The application that the benches measure, in a process of its own.

`python -m tests.bench.server URL` prints its port when it is ready and runs until its input ends.
Beside its own routes it has the bare handler that saving is compared with: the least that the same
server, middleware, session and commit can do to keep a row.
"""

import gc
import json
import sys

from fastapi import APIRouter, FastAPI
from sqlalchemy import text

from app.main import create_app
from app.routers.deps import Body, Write
from app.store.session import Database
from tests.bench.scenes import NOW
from tests.people import settings_for
from tests.servers import free_address, serving

bare = APIRouter()


@bare.post("/bare", status_code=201)
def keep(session: Write, body: Body) -> dict[str, bool]:
    """Insert one row durably."""
    session.execute(text("INSERT INTO bare (body) VALUES (:body)"), {"body": str(json.loads(body))})
    return {"kept": True}


def bench_app(url: str) -> FastAPI:
    """The application and the bare handler, on one database."""
    database = Database(url)
    with database.write() as session:
        session.execute(text("CREATE TABLE IF NOT EXISTS bare (body TEXT NOT NULL)"))
    database.close()
    app = create_app(settings_for(url), clock=lambda: NOW)
    app.include_router(bare)
    return app


def main(url: str) -> None:
    """Serve until the input ends."""
    app, bound = bench_app(url), free_address()
    gc.freeze()  # as `serve` does
    with serving(app, bound):
        sys.stdout.write(f"{bound.getsockname()[1]}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
