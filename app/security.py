"""What every answer carries and every request must satisfy, whatever the route.

Headers (CSP without inline script, no referrer, no sniffing, no store), the refusal of cross-site
writes by fetch metadata and origin (a form token would go stale in a cached page), and a bound on
the size of a request.
"""

from urllib.parse import urlsplit

from starlette.exceptions import HTTPException

from app.observability import App, Message, Receive, Scope, Send

LARGEST_BODY = 64 * 1024
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_CSP = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _CSP,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_HSTS = "max-age=63072000; includeSubDomains"


class Shield:
    """Wraps the application: refuses what no page of ours sends, and completes the headers."""

    def __init__(self, app: App, *, over_tls: bool) -> None:
        self.app = app
        self.headers = dict(_HEADERS)
        if over_tls:
            self.headers["strict-transport-security"] = _HSTS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        sent = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}

        async def send_shielded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = self._complete(list(message.get("headers", [])))
            await send(message)

        if scope["method"] not in _SAFE and is_cross_site(sent):
            await _refuse(send_shielded, 403, "cross_site")
            return
        length = sent.get("content-length", "0")
        if not length.isdigit() or int(length) > LARGEST_BODY:
            await _refuse(send_shielded, 413, "too_large")
            return
        await self.app(scope, _bounded(receive), send_shielded)

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


def is_cross_site(headers: dict[str, str]) -> bool:
    """Whether a browser says that another site made this request.

    Every browser of today sends Sec-Fetch-Site or, on a write, Origin; a client that sends neither
    is no browser and carries no cookie of somebody else.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host")


def _bounded(receive: Receive) -> Receive:
    """Count a body that comes without its length, and refuse it past the bound."""
    received = 0

    async def bounded() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > LARGEST_BODY:
            raise HTTPException(413)
        return message

    return bounded


async def _refuse(send: Send, status: int, code: str) -> None:
    body = f'{{"title":"refused","status":{status},"code":"{code}"}}'.encode()
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", b"application/problem+json"),
                (b"content-length", str(len(body)).encode()),
            ],
        }
    )
    await send({"type": "http.response.body", "body": body})
