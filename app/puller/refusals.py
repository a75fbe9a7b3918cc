"""Why a pull stopped before it was whole."""

from app.domain.errors import DomainError


class PullStopped(DomainError):
    """The pull could not go on; the sentence says why, and what to do."""

    def __init__(self, sentence: str) -> None:
        super().__init__("pull_stopped")
        self.sentence = sentence

    def __str__(self) -> str:
        return self.sentence


class CursorRefused(PullStopped):
    """The server does not know this place any more; what lies above `resync_after` has to go."""

    def __init__(self, sentence: str, resync_after: int) -> None:
        super().__init__(sentence)
        self.resync_after = resync_after
