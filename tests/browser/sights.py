"""What a page is to the tests that look: how to get there, in whose hands, what is done first."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tests import scenes
from tests.browser import touches
from tests.scenes import Codes, Scene


class Holder(StrEnum):
    """In whose hands the browser is."""

    PARTICIPANT = "participant"
    CLOSED = "participant whose phone is locked"
    VISITOR = "nobody known"
    CLINICIAN = "clinician"
    ADMIN = "admin"
    MANAGER = "data manager"


@dataclass(frozen=True)
class Sight:
    """One face of a page.

    `route` is the page's as in ROUTERS; with `query` and the codes of the scene it makes the
    address. `sends` is the action of a form that is then sent, as it stands but for what `filled`
    says, for the page that answers; `touch` is what is done in the browser before the page is
    looked at. `is_kept`: it is the page that the phone keeps for the time without a network.
    """

    name: str
    route: str
    holder: Holder = Holder.PARTICIPANT
    scene: Scene = scenes.evening
    query: str = ""
    sends: str = ""
    filled: Mapping[str, str] = field(default_factory=dict)
    is_kept: bool = False
    touch: touches.Touch = lambda page: None

    @property
    def is_desk(self) -> bool:
        """Whether it is looked at on a desk, with a mouse."""
        return self.route.startswith("/desk")

    def address(self, codes: Codes) -> str:
        """The path and query to open."""
        return (self.route + self.query).format_map(codes)

    def __str__(self) -> str:
        return self.name
