"""The formulary as the site has it: the study's own boxes, those added, without those taken out.

Every word on a box is a row, and the last one counts: nothing is changed, and a list that names a
box taken out keeps it. No factor of an opioid is here: a box only says which opioid it has.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from pydantic import ValidationError

from app.domain.access import Actor, Permission, require_anywhere
from app.domain.errors import InvalidInput, NotFound, WrongState
from app.domain.ledger import canonical
from app.domain.study import Formulary, Medicine, Study
from app.domain.study.formulary import code_of
from app.services.deployment import Deployment
from app.store import formularies, ledger
from app.store.session import Session
from app.store.tables import FormularyEntry

LONGEST_WORDS = 80


@dataclass(frozen=True, kw_only=True)
class NewBox:
    """A box to be added: what is printed on it, and what one unit holds.

    `opioid` names the component that counts for morphine equivalents, if there is one; it then
    needs `mg_per_unit` (per drop where the unit is a drop), or `ug_per_h` for a patch.
    """

    name: str
    ingredient: str
    strength: str
    unit: str
    route: str
    mg_per_unit: Decimal | None = None
    opioid: str | None = None
    ug_per_h: Decimal | None = None


def read_formulary(session: Session, study: Study) -> Formulary:
    """Give the boxes that may be chosen now, the site's own after those of the study."""
    seed = study.formulary
    last = {entry.code: entry.box for entry in formularies.list_entries(session)}
    if not last:
        return seed
    # Not strict: JSON writes an exact decimal as a string.
    own = [Medicine.model_validate_json(box, strict=False) for box in last.values() if box]
    boxes = (*(box for box in seed.medicines if box.code not in last), *own)
    return seed.model_copy(update={"medicines": boxes})


def own_codes(session: Session) -> frozenset[str]:
    """The codes of the boxes that the site added."""
    last = {entry.code: entry.box for entry in formularies.list_entries(session)}
    return frozenset(code for code, box in last.items() if box is not None)


def add_box(
    session: Session, *, deployment: Deployment, actor: Actor, new: NewBox, now: datetime
) -> str:
    """Add a box to the choice; give its code. Raises WrongState for one that is there already."""
    require_anywhere(actor, Permission.EDIT_FORMULARY)
    formulary = read_formulary(session, deployment.study)
    _check(new, formulary)
    code = code_of(new.name, new.strength, new.unit)[:64].strip("-")
    if not code:
        raise InvalidInput("field_missing", field="name")
    if formulary.find(code) is not None:
        raise WrongState("box_known", field="name")
    box = _box(code, new)
    _note(session, actor, "formulary.added", (code, box), now)
    return code


def take_out(
    session: Session, *, deployment: Deployment, actor: Actor, code: str, now: datetime
) -> None:
    """Take a box out of the choice; lists and doses that name it keep it.

    Raises WrongState when somebody was sooner.
    """
    require_anywhere(actor, Permission.EDIT_FORMULARY)
    if read_formulary(session, deployment.study).find(code) is None:
        known = {entry.code for entry in formularies.list_entries(session)}
        raise WrongState("box_out") if code in known else NotFound("not_found")
    _note(session, actor, "formulary.taken_out", (code, None), now)


def _check(new: NewBox, formulary: Formulary) -> None:
    for name in ("name", "ingredient", "strength"):
        words = getattr(new, name)
        if not words:
            raise InvalidInput("field_missing", field=name)
        if len(words) > LONGEST_WORDS:
            raise InvalidInput("words_too_many", field=name, characters=LONGEST_WORDS)
    if new.unit not in formulary.units:
        raise InvalidInput("not_a_choice", field="unit")
    if new.route not in formulary.routes:
        raise InvalidInput("not_a_choice", field="route")
    if new.opioid and new.mg_per_unit is None and new.ug_per_h is None:
        raise InvalidInput("opioid_amount", field="mg_per_unit")


def _box(code: str, new: NewBox) -> Medicine:
    """The box, or InvalidInput for what the types refuse: an opioid or an amount there is not."""
    amount = {"mg_per_unit": new.mg_per_unit, "opioid": new.opioid}
    try:
        return Medicine.model_validate(
            {
                "code": code,
                "name": new.name,
                "inn": {"fr": new.ingredient, "en": new.ingredient},
                "ingredients": ({"inn": new.ingredient, **amount},),
                "strength": new.strength,
                "unit": new.unit,
                "route": new.route,
                "ug_per_h": new.ug_per_h,
            }
        )
    except ValidationError as faults:
        field = str(faults.errors()[0]["loc"][-1])
        raise InvalidInput("value_refused", field=field) from None


def _note(
    session: Session, actor: Actor, op: str, said: tuple[str, Medicine | None], now: datetime
) -> None:
    code, box = said
    change_id = ledger.queue_act(session, actor=actor, op=op, now=now, details={"code": code})
    written = None if box is None else canonical(box.model_dump(mode="json"))
    session.add(FormularyEntry(code=code, box=written, noted_at=now, change_id=change_id))
