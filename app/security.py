"""What every answer carries and every request must satisfy, whatever the route.

Headers (CSP without inline script, no referrer, no sniffing, no store), the refusal of cross-site
writes by fetch metadata and origin (a form token would go stale in a cached page) and of host names
that are not ours, and bounds on a request's size and on the time that its body takes to arrive.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app.observability import App, Message, Receive, Scope, Send

LARGEST_BODY = 64 * 1024
"""Of a form and of what phones send; the largest entry that there can be is a fraction of it."""
LONGEST_TARGET, LARGEST_HEADERS = 4096, 16 * 1024
"""Of a path with its query, and of all headers together."""
BODY_WITHIN_S = 20.0
"""How long a body may take to arrive: less than a phone waits, which keeps its entry anyway."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_PROBES = ("/healthz", "/readyz")
"""Asked by machines that know an address and no name."""
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]*)(:[0-9]{1,5})?", re.IGNORECASE)
_CSP = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _CSP,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_HSTS = "max-age=63072000; includeSubDomains"

Refuse = Callable[[Request, str, int], Awaitable[Response]]
"""Answers what is refused before any route is found, with a code and a status."""
Fail = Callable[[Request, Exception], Response]
"""Answers what nobody foresaw."""


class Shield:
    """Wraps the application: refuses what no page of ours sends, and completes the headers.

    `base_url` is what people type: where that is not this machine, no other name is answered.
    """

    def __init__(
        self,
        app: App,
        *,
        base_url: str,
        refuse: Refuse,
        fail: Fail,
        body_within_s: float = BODY_WITHIN_S,
    ) -> None:
        self.app, self.refuse, self.fail, self.body_within_s = app, refuse, fail, body_within_s
        self.hosts = hosts_of(base_url)
        self.headers = dict(_HEADERS)
        if base_url.startswith("https://"):
            self.headers["strict-transport-security"] = _HSTS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        has_begun = False

        async def send_shielded(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                message["headers"] = self._complete(list(message.get("headers", [])))
            await send(message)

        refused = self._find_refusal(scope)
        if refused is None:
            try:
                await self.app(scope, _bounded(receive, self.body_within_s), send_shielded)
            except Exception as fault:
                if not has_begun:  # here, and not further out, so that it carries the headers too
                    await self.fail(Request(scope), fault)(scope, receive, send_shielded)
                raise
            return
        nameless = [header for header in scope["headers"] if header[0] != b"host"]
        request = Request({**scope, "headers": nameless})  # what it is called may be no address
        answer = await self.refuse(request, *refused)
        await answer(scope, receive, send_shielded)

    def _find_refusal(self, scope: Scope) -> tuple[str, int] | None:
        sent = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if not self._is_ours(sent.get("host", ""), scope["path"]):
            return "wrong_host", 421
        if len(scope["path"]) + len(scope["query_string"]) > LONGEST_TARGET:
            return "bad_request", 414
        if sum(len(name) + len(value) for name, value in scope["headers"]) > LARGEST_HEADERS:
            return "bad_request", 431
        if "\0" in scope["path"]:
            return "not_found", 404
        if scope["method"] not in _SAFE and is_cross_site(sent):
            return "cross_site", 403
        length = sent.get("content-length", "0")
        if not (length.isascii() and length.isdigit()) or int(length) > LARGEST_BODY:
            return "too_large", 413
        return None

    def _is_ours(self, host: str, path: str) -> bool:
        is_name = _HOST.fullmatch(host) is not None and _netloc(f"http://{host}") is not None
        return is_name and (not self.hosts or path in _PROBES or host.lower() in self.hosts)

    def _complete(self, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        present = {name.lower() for name, _ in headers}
        added = dict(self.headers)
        if b"cache-control" not in present:
            added["cache-control"] = "no-store"
        return headers + [
            (name.encode(), value.encode())
            for name, value in added.items()
            if name.encode() not in present
        ]


def hosts_of(base_url: str) -> frozenset[str]:
    """What a request may say that it asks, in small letters; empty: anything, on this machine."""
    parts = urlsplit(base_url.lower())
    if parts.hostname in _LOOPBACK:
        return frozenset()
    usual = {"https": 443, "http": 80}[parts.scheme]
    if parts.port not in (None, usual):
        return frozenset({parts.netloc})
    name = parts.netloc.removesuffix(f":{usual}")
    return frozenset({name, f"{name}:{usual}"})


def is_cross_site(headers: dict[str, str]) -> bool:
    """Whether a browser says that another site made this request.

    Every browser of today sends Sec-Fetch-Site or, on a write, Origin; a client that sends neither
    is no browser and carries no cookie of somebody else.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and _netloc(origin) != headers.get("host")


def _netloc(address: str) -> str | None:
    try:
        return urlsplit(address).netloc
    except ValueError:  # brackets around what is no address
        return None


def _bounded(receive: Receive, within_s: float) -> Receive:
    """Count a body that comes without its length, and refuse it past the bounds."""
    received, ends_at, is_whole = 0, 0.0, False

    async def bounded() -> Message:
        nonlocal received, ends_at, is_whole
        if is_whole:
            return await receive()
        ends_at = ends_at or asyncio.get_running_loop().time() + within_s
        try:
            async with asyncio.timeout_at(ends_at):
                message = await receive()
        except TimeoutError:
            raise HTTPException(408, headers={"connection": "close"}) from None
        received += len(message.get("body", b""))
        if received > LARGEST_BODY:
            raise HTTPException(413)
        is_whole = not message.get("more_body", False)
        return message

    return bounded
