"""The errors that the diary raises, each with a stable code.

A code is never reused and never translated: the edge turns it into a status and into a sentence in
the reader's language. Nothing here knows HTTP, and no message carries an answer, a name or a token.
"""

from typing import Any


class DomainError(Exception):
    """A refusal that can be explained: a stable `code`, the `field` it concerns, and `params`.

    `params` fill the sentence shown to a person. Values that a person typed are carried apart, in
    `refused`, because only the trail may keep them (FDA Q13), never a log. `source` names the
    throttle that counts the refusal, if attempts are counted.
    """

    def __init__(
        self,
        code: str,
        *,
        field: str | None = None,
        refused: dict[str, Any] | None = None,
        source: str | None = None,
        **params: Any,
    ) -> None:
        super().__init__(code if field is None else f"{code} ({field})")
        self.code = code
        self.field = field
        self.refused = refused or {}
        self.source = source
        self.params = params


class InvalidInput(DomainError):
    """The input is malformed or outside its range; the same input will be refused again."""


class WrongState(DomainError):
    """The input is well formed, but not possible in the present state."""


class NotAllowed(DomainError):
    """The actor is known and may not do this."""


class NotSignedIn(DomainError):
    """Nobody, or nobody any more, is signed in."""


class NotFound(DomainError):
    """There is no such thing, or it is out of the actor's scope: the two are told apart nowhere."""


class TooFast(DomainError):
    """Too many attempts; `retry_after_s` says when the next one will be heard."""

    def __init__(self, code: str, *, retry_after_s: int, **params: Any) -> None:
        super().__init__(code, retry_after_s=retry_after_s, **params)
        self.retry_after_s = retry_after_s


class Unavailable(DomainError):
    """The store cannot answer now; the same request may succeed in `retry_after_s` seconds."""

    def __init__(self, code: str = "busy", *, retry_after_s: int = 2) -> None:
        super().__init__(code, retry_after_s=retry_after_s)
        self.retry_after_s = retry_after_s


class StudyFault(DomainError):
    """The study definition is wrong: file, key and reason. It stops the start."""

    def __init__(self, file: str, key: str, reason: str) -> None:
        super().__init__("study_fault", file=file, key=key, reason=reason)
        self.file, self.key, self.reason = file, key, reason

    def __str__(self) -> str:
        return f"{self.file}: {self.key}: {self.reason}"


class BrokenChain(DomainError):
    """The ledger does not hold; names the stream, the first bad number and the reason."""

    def __init__(self, stream: str, no: int, reason: str) -> None:
        super().__init__("broken_chain", stream=stream, no=no, reason=reason)
        self.stream, self.no, self.reason = stream, no, reason

    def __str__(self) -> str:
        return f"{self.stream} no {self.no}: {self.reason}"
