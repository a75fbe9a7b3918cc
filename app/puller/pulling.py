"""One pull: page after page is proved, then kept, until the server has no more to give."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from app.domain.errors import BrokenChain
from app.puller.copies import Copy, Place
from app.puller.database import DatabaseCopy
from app.puller.folder import FolderCopy
from app.puller.proof import Proof, Row
from app.puller.refusals import CursorRefused, PullStopped
from app.puller.server import Page, Server
from app.puller.signing import Signed, check_signed, is_new, read_signed
from app.puller.verifying import Verified, check_rows, differing_days


@dataclass(slots=True)
class Pulled:
    """What a pull brought: changes by what they do, and the place that it reached."""

    place: Place
    ops: Counter[str] = field(default_factory=Counter)

    @property
    def count(self) -> int:
        """How many changes there were."""
        return self.ops.total()


def open_copy(into: str) -> Copy:
    """The copy at a database's address (`sqlite:///…`, `postgresql://…`), or in a folder."""
    return DatabaseCopy(into) if "://" in into else FolderCopy(Path(into))


def pull(
    server: Server,
    copy: Copy,
    *,
    limit: int = 500,
    resync: bool = False,
    progress: Callable[[Pulled], object] = lambda pulled: None,
) -> Pulled:
    """Bring a copy up to the server, and prove that it is whole.

    Raises BrokenChain naming the first change that does not hold, and PullStopped for every other
    reason; what the copy held before that page stays as it was. With `resync`, what a restored
    server does not know any more is dropped first.
    """
    place = copy.open()
    shown = read_signed(server.read_signed_heads())
    first = _first_page(server, copy, place, limit, resync=resync)
    is_to_keep = is_new(shown, _signed_in(copy))
    pulled, page = Pulled(first[0]), first[1]
    proof = Proof(pulled.place.heads, pulled.place.seq)
    while True:
        rows = [proof.follow(item) for item in page.items]
        _require_cursor(page, rows, pulled.place)
        if not page.has_more:
            proof.require_end(page.heads)
        pulled.place = Place(page.next_cursor, proof.heads)
        copy.add(rows, pulled.place)
        pulled.ops.update(row["op"] for row in rows)
        progress(pulled)
        if not page.has_more:
            break
        page = server.read_changes(page.next_cursor, limit)
    copy.finish()
    if shown is not None and is_to_keep:
        check_signed(copy.read(), [shown])
        copy.keep_signed(shown.number, shown.text)
    return pulled


def verify(server: Server, copy: Copy, place: Place) -> Verified:
    """Prove again what a copy holds up to a place, and compare its days with the server's.

    Raises BrokenChain naming the first row that does not hold, and PullStopped naming the first
    diary day on which the two sides differ.
    """
    found = check_rows(copy.read())
    check_signed(copy.read(), _signed_in(copy))
    for stream, (no, head) in place.heads.items():
        if no and found.heads.get(stream) != (no, head):
            raise BrokenChain(stream, no, "this is where the copy ended; it does not any more")
    days = differing_days(found.days, server.read_day_sums(), place.seq)
    if days:
        first = " ".join(days[0])
        raise PullStopped(f"{len(days)} diary days differ from the server's, the first: {first}.")
    return found


def _signed_in(copy: Copy) -> list[Signed]:
    """The signed heads that a copy holds; their signatures hold still."""
    held = (read_signed(json.loads(text)) for text in copy.list_signed())
    return [signed for signed in held if signed is not None]


def _first_page(
    server: Server, copy: Copy, place: Place, limit: int, *, resync: bool
) -> tuple[Place, Page]:
    """Go on where the copy stands, or where a restored server says that it still holds."""
    try:
        return place, server.read_changes(place.cursor, limit)
    except CursorRefused as refusal:
        if not resync:
            sentence = f"{refusal} To do that, run it with --resync."
            raise CursorRefused(sentence, refusal.resync_after) from None
        place = copy.drop_after(refusal.resync_after)
        for signed in _signed_in(copy):
            if signed.seq > refusal.resync_after:
                copy.drop_signed(signed.number)
        return place, server.read_changes(place.cursor, limit)


def _require_cursor(page: Page, rows: list[Row], before: Place) -> None:
    """The next cursor is that of the last change given; a page may not lead past one."""
    if not rows:
        if page.has_more:
            raise PullStopped("The server gives an empty page and says that there is more.")
        return
    last = rows[-1]
    if page.next_cursor.split(":")[1:] != [str(last["seq"]), last["hash"][:8]]:
        raise BrokenChain(last["stream"], last["no"], "the next cursor is not that of this change")
