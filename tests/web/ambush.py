"""An application in ambush: the first genuine request of a route is tried in many wrong ways.

What `test_writes` posts is the seed, so that every wrong request meets the moment at which the
right one would have worked. The right one is then never served: the steps end with `Ambushed`.
"""

import asyncio
import json
import random
import string
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

from sqlalchemy import delete
from starlette.routing import compile_path

from app.store.tables import Throttle
from tests.people import Stage

Fields = list[tuple[str, str]]
Wrong = tuple[str, bytes, bytes]
"""Path, body and content type of a request that no page of ours makes."""

WORDS = (
    *("", " ", "0", "-1", "+1", "1.5", "1,5", "1e309", "-0", "NaN", "inf", "9" * 400, "1_000"),
    *("100", "101", "10.5", "0x10", "１２", "٣", "²", str(2**31), str(2**63), "-" + "9" * 30),
    *("2026-02-30", "0001-01-01", "9999-12-31", "2026-1-5", "20260105", "2026-W03-2", "1899-12-31"),
    *("2026-01-20T00:00", "2026-01-20T18:30:00+99:00", "0001-01-01T00:00:00+14:00", "24:00"),
    *(
        "99:99",
        "23:59:60",
        "12:00+02:00",
        "\0",
        "a\0b",
        "a\r\nSet-Cookie: a=b",
        "\x1b[2J",
        "\ufeff",
    ),
    *("\u202eabc", "é" * 500, "😀" * 200, "a" * 3000, "a" * 50_000, "<script>alert(1)</script>"),
    *("{{7*7}}", "${7*7}", '=HYPERLINK("http://x")', "' OR 1=1 --", "../../etc/passwd", "%00", "%"),
    *(
        "\\",
        "//evil.example",
        "javascript:alert(1)",
        "null",
        "true",
        "[]",
        "{}",
        "*",
        "lille",
        "own",
    ),
    *("Europe/Paris\0", "Etc/../Paris", "fr\n", "Admin", "nobody", "[" * 3000, '{"a":' * 2000),
)
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 101, 1.5, 1e308, 2**63, 10**40, [], {}, [[]], {"": None}),
    *(float("nan"), float("inf"), "\ud800", ["a"] * 300, {"a": {"b": {"c": [1]}}}),
)


class Ambushed(Exception):
    """The request that was waited for came, and was tried in every wrong way."""


class Ambush:
    """Wraps the application of a stage until a request of `route` comes; `broken` is what failed.

    `tried` counts the wrong requests by the status that answered them.
    """

    def __init__(self, stage: Stage, route: str, tries: int) -> None:
        self.stage, self.tries = stage, tries
        self.method, _, path = route.partition(" ")
        self.pattern = compile_path(path)[0]
        self.chance = random.Random(route)
        self.broken: list[tuple[object, Wrong]] = []
        self.tried: dict[int, int] = {}

    @property
    def state(self) -> Any:
        """What the application under it keeps."""
        return self.stage.app.state

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve a request, unless it is the one that is waited for."""
        is_it = scope["type"] == "http" and scope["method"] == self.method
        if not (is_it and self.pattern.match(scope["path"])):
            await self.stage.app(scope, receive, send)
            return
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        for _ in range(self.tries):
            await self._try(scope, body)
        raise Ambushed

    async def _try(self, scope: Any, body: bytes) -> None:
        wrong = self._wrong(scope["path"], body, dict(scope["headers"]))
        status: object = 0
        try:
            status = await self._ask(scope, wrong)
        except Exception as fault:
            status = fault
        if not isinstance(status, int) or status >= 500:
            self.broken.append((status, wrong))
            return
        self.tried[status] = self.tried.get(status, 0) + 1
        if status == 429:  # patience is tested elsewhere; here it would keep us at the door
            with self.stage.database.write() as session:
                session.execute(delete(Throttle))

    async def _ask(self, scope: Any, wrong: Wrong) -> int:
        path, body, kind = wrong
        kept = [h for h in scope["headers"] if h[0] not in (b"content-type", b"content-length")]
        headers = [*kept, (b"content-type", kind), (b"content-length", str(len(body)).encode())]
        told = {**scope, "path": unquote(path), "raw_path": path.encode(), "headers": headers}
        told["state"] = {}
        status, is_read = 0, False

        async def receive() -> Any:
            nonlocal is_read
            if is_read:  # a stream waits for its reader to go away; this one stays
                await asyncio.Event().wait()
            is_read = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            nonlocal status
            status = message.get("status", status)

        await self.stage.app(told, receive, send)
        return status

    def _wrong(self, path: str, body: bytes, headers: dict[bytes, bytes]) -> Wrong:
        chance, kind = self.chance, headers.get(b"content-type", b"")
        if chance.random() < 0.1:
            segments = path.split("/")
            segments[chance.randrange(1, len(segments))] = self.word()
            path = "/".join(segments)
        path = quote(path, safe="/")
        if chance.random() < 0.06:
            return path, chance.randbytes(chance.randrange(200)), kind
        if chance.random() < 0.04:
            return (
                path,
                body,
                chance.choice((b"", b"text/plain", b"multipart/form-data; boundary=x")),
            )
        if kind.startswith(b"application/json"):
            told = json.loads(body)
            for _ in range(chance.choice((1, 1, 2))):
                told = self._value_in(told)
            return path, json.dumps(told).encode(), kind
        fields = parse_qsl(body.decode(), keep_blank_values=True)
        for _ in range(chance.choice((1, 1, 1, 2, 4))):
            fields = chance.choice(_TWISTS)(self, fields)
        return path, urlencode(fields).encode(), b"application/x-www-form-urlencoded"

    def word(self) -> str:
        """Words that no field is for."""
        made: tuple[Callable[[], str], ...] = (
            lambda: self.chance.choice(WORDS),
            lambda: self.chance.choice(WORDS),
            lambda: str(uuid.UUID(int=self.chance.getrandbits(128))),
            lambda: str(self.chance.randrange(-10, 210)),
            lambda: "".join(self.chance.choices(string.printable, k=self.chance.randrange(12))),
            lambda: "".join(map(chr, self.chance.choices(range(0xD7FF), k=5))),
            lambda: self.chance.choice(tuple(self.stage.cast.study_codes.values())),
            lambda: self.chance.choice(tuple(self.stage.cast.record_ids.values())),
        )
        return self.chance.choice(made)()

    def _value_in(self, told: Any) -> Any:
        """A JSON value with one value somewhere in it that is another, gone, or too much."""
        chance = self.chance
        if not told or chance.random() < 0.15 or not isinstance(told, dict | list):
            return chance.choice((self.word(), chance.choice(VALUES)))
        if isinstance(told, list):
            at = chance.randrange(len(told))
            return [*told[:at], self._value_in(told[at]), *told[at + 1 :]]
        name = chance.choice(tuple(told))
        how = chance.random()
        if how < 0.15:
            return {key: value for key, value in told.items() if key != name}
        if how < 0.25:
            return {**told, self.word(): told[name]}
        return {**told, name: self._value_in(told[name])}

    def replace(self, fields: Fields) -> Fields:
        at = self.chance.randrange(len(fields)) if fields else 0
        return [*fields[:at], (fields[at][0] if fields else "", self.word()), *fields[at + 1 :]]

    def leave_out(self, fields: Fields) -> Fields:
        at = self.chance.randrange(len(fields)) if fields else 0
        return [*fields[:at], *fields[at + 1 :]]

    def double(self, fields: Fields) -> Fields:
        name = self.chance.choice(fields)[0] if fields else "next"
        doubled = (name, self.word())
        return [doubled, *fields] if self.chance.random() < 0.5 else [*fields, doubled]

    def add(self, fields: Fields) -> Fields:
        return [*fields, (self.chance.choice((*_MORE, self.word())), self.word())]

    def swap(self, fields: Fields) -> Fields:
        values = [value for _, value in fields]
        self.chance.shuffle(values)
        return [(name, value) for (name, _), value in zip(fields, values, strict=True)]


_TWISTS = (
    *(Ambush.replace,) * 5,
    Ambush.leave_out,
    Ambush.double,
    Ambush.add,
    Ambush.swap,
)
_MORE = (
    *("next", "back", "reason", "words", "flare", "hospital", "kept", "zones", "sent_at", "sites"),
    *("base_version", "elapsed_s", "opened_at", "helper", "record_id", "submission_id", "confirm"),
    *("is_sure", "source", "observed_on", "observed_at", "mode", "day", "recovery", "pain_average"),
    *("other_medicine", "other_symptom", "doses", "taken_at", "units", "amount", "scopes", "until"),
)
