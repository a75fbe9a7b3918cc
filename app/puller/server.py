"""The server as a client sees it: pages of changes, and refusals that say what to do.

What may pass by itself (too fast, busy, a lost connection) is tried again a few times; every other
refusal stops the pull with the server's own sentence.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx

from app.puller.proof import Heads
from app.puller.refusals import CursorRefused, PullStopped
from app.puller.verifying import DaySum

ATTEMPTS = 5
LONGEST_WAIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Page:
    """One page of changes, not believed yet."""

    items: list[dict[str, Any]]
    next_cursor: str
    has_more: bool
    heads: Heads


class Server:
    """The service at an address, read with a key. `pause(seconds)` is what waiting means."""

    def __init__(
        self, address: str, key: str, *, pause: Callable[[float], object] = time.sleep
    ) -> None:
        if not address.startswith(("https://", "http://")):
            raise PullStopped(f"{address} is not the address of a server: https://…")
        self._pause = pause
        self._client = httpx.Client(
            base_url=address,
            headers={
                "Authorization": f"Bearer {key}",
                "Accept": "application/json",
                "Accept-Language": "en",
            },
            timeout=60,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def read_changes(self, after: str, limit: int) -> Page:
        """Read the page after a cursor."""
        answer = self._ask("GET", "/api/v1/changes", params={"after": after, "limit": limit})
        try:
            return Page(
                items=[dict(item) for item in answer["changes"]],
                next_cursor=str(answer["next_cursor"]),
                has_more=bool(answer["has_more"]),
                heads={
                    stream: (head["no"], head["hash"]) for stream, head in answer["heads"].items()
                },
            )
        except (AttributeError, KeyError, TypeError, ValueError) as fault:
            raise _off_contract(fault) from None

    def read_signed_heads(self) -> Any:
        """Read the last signed heads, not believed yet."""
        return self._ask("GET", "/api/v1/heads")

    def tell_place(self, name: str, cursor: str) -> None:
        """Tell how far the copy of a name has committed; PullStopped when it is not taken."""
        self._ask("PUT", f"/api/v1/cursors/{name}", json={"cursor": cursor})

    def read_day_sums(self) -> dict[tuple[str, str], DaySum]:
        """What the server holds of each participant and diary day."""
        answer = self._ask("GET", "/api/v1/reconciliation")
        try:
            return {
                (day["study_code"], day["diary_on"]): DaySum(
                    day["count"], day["last_seq"], day["digest"]
                )
                for day in answer["days"]
            }
        except (KeyError, TypeError) as fault:
            raise _off_contract(fault) from None

    def _ask(self, method: str, path: str, **sent: Any) -> Any:
        attempt = 1
        while True:
            wait_s, reason = float(2**attempt), ""
            try:
                response = self._client.request(method, path, **sent)
                if response.status_code == 200:
                    return response.json()
                wait_s, reason = _wait_of(response, wait_s), _title_of(response)
            except httpx.TransportError as fault:
                reason = f"The server cannot be reached ({type(fault).__name__})."
            except ValueError:
                reason = "The server's answer is no JSON."
            if attempt == ATTEMPTS:
                raise PullStopped(f"{reason} Run it again later: it goes on where it stopped.")
            self._pause(wait_s)
            attempt += 1


def _off_contract(fault: Exception) -> PullStopped:
    told = f"{type(fault).__name__}: {fault}"
    return PullStopped(f"The server's answer is not as the contract has it ({told}).")


def _wait_of(response: httpx.Response, otherwise_s: float) -> float:
    """How long to wait before asking again, or raise PullStopped where that would not help."""
    if response.status_code == 409:
        raise CursorRefused(_title_of(response), int(_problem_of(response).get("resync_after", 0)))
    if response.status_code not in (429, 500, 502, 503, 504):
        raise PullStopped(_title_of(response))
    told = response.headers.get("Retry-After", "")
    return min(float(told) if told.isdigit() else otherwise_s, LONGEST_WAIT_S)


def _title_of(response: httpx.Response) -> str:
    told = _problem_of(response).get("title", response.reason_phrase)
    return f"The server answers {response.status_code}: {told}"


def _problem_of(response: httpx.Response) -> dict[str, Any]:
    try:
        problem = response.json()
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}
