"""The boxes of the formulary in words: the label by which one is chosen."""

from app.domain.study import Formulary, Medicine


def labels_of(formulary: Formulary, lang: str) -> dict[str, Medicine]:
    """The boxes of the formulary by the words that name one of them."""
    return {label_of(formulary, box, lang): box for box in formulary.medicines}


def label_of(formulary: Formulary, box: Medicine, lang: str) -> str:
    """The words that name a box."""
    return f"{box.name} {box.strength}, {formulary.units[box.unit].one.in_(lang)}"
