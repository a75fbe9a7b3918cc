"""The formulary: the boxes a site may put on a participant's list, with what each unit holds.

The file lists products; `boxes_of` unfolds each into one medicine per name and strength. Factors of
the opioids are not here but with the figures, versioned. The rule kept: a medicine with an opioid
says how much, or its morphine equivalent would silently be nothing.
"""

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from app.domain.study.wording import Part, Sentence, Text, Version, first_twice

Opioid = Literal[
    "buprenorphine",
    "codeine",
    "dihydrocodeine",
    "fentanyl",
    "hydrocodone",
    "hydromorphone",
    "methadone",
    "morphine",
    "opium",
    "oxycodone",
    "oxymorphone",
    "tapentadol",
    "tramadol",
]


def _exact(value: Any) -> Any:
    """Take a TOML number as the decimal that was written, never as its binary neighbour."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return Decimal(str(value)) if is_number else value


Amount = Annotated[Decimal, BeforeValidator(_exact), Field(gt=0)]
Atc = Annotated[str, Field(pattern=r"^[A-Z]\d{2}[A-Z]{2}\d{2}$")]


class UnitWords(Part):
    """What one unit and several are called."""

    one: Text
    many: Text


class Ingredient(Part):
    """One active ingredient; mg per unit of the medicine (per drop where the unit is a drop).

    `salt` says which salt the milligrams are of, as the box is labelled; `opioid` names the
    component that counts for morphine equivalents, whether or not a factor is known for it.
    """

    inn: Sentence
    mg_per_unit: Amount | None = None
    salt: str | None = None
    opioid: Opioid | None = None


class Medicine(Part):
    """One box: its name, what a unit of it holds and how it is taken. `code` is stable."""

    code: str
    atc: Atc | None = None
    name: str
    inn: Text
    ingredients: tuple[Ingredient, ...]
    strength: str
    unit: str
    route: str
    ug_per_h: Decimal | None = None


class Contents(Part):
    """An ingredient as the file names it, before a box says how much."""

    inn: Sentence
    salt: Sentence | None = None
    opioid: Opioid | None = None


class Box(Part):
    """One strength of a product: mg of each ingredient in order, or the rate of a patch."""

    strength: Sentence
    mg: tuple[Amount, ...] = ()
    ug_per_h: Amount | None = None


class Product(Part):
    """One preparation as the file lists it, under every name that it is sold by."""

    names: Annotated[tuple[Sentence, ...], Field(min_length=1)]
    atc: Atc
    inn: Text
    unit: str
    route: str
    ingredients: Annotated[tuple[Contents, ...], Field(min_length=1)]
    boxes: Annotated[tuple[Box, ...], Field(min_length=1)]

    @field_validator("boxes")
    @classmethod
    def _says_how_much(cls, boxes: tuple[Box, ...], info: ValidationInfo) -> tuple[Box, ...]:
        contents: tuple[Contents, ...] = info.data.get("ingredients", ())
        has_opioid = any(part.opioid for part in contents)
        for box in boxes:
            if has_opioid and not box.mg and box.ug_per_h is None:
                raise ValueError(f"{box.strength} holds an opioid and says neither mg nor ug_per_h")
            if box.mg and len(box.mg) != len(contents):
                raise ValueError(f"{box.strength} does not give mg for each ingredient")
        return boxes


class FormularyFile(Part):
    """The formulary as it is written: words of units and routes, and the products."""

    version: Version
    units: Mapping[str, UnitWords]
    routes: Mapping[str, Text]
    products: Annotated[tuple[Product, ...], Field(min_length=1)]

    @field_validator("products")
    @classmethod
    def _knows_its_words(
        cls, products: tuple[Product, ...], info: ValidationInfo
    ) -> tuple[Product, ...]:
        for product in products:
            if product.unit not in info.data.get("units", ()):
                raise ValueError(f"{product.names[0]} has an unknown unit {product.unit}")
            if product.route not in info.data.get("routes", ()):
                raise ValueError(f"{product.names[0]} has an unknown route {product.route}")
        codes = (box.code for product in products for box in boxes_of(product))
        if (code := first_twice(codes)) is not None:
            raise ValueError(f"{code} stands twice")
        return products


class Formulary(Part):
    """Every box, in the order of the file, with the words for units and routes."""

    version: str
    units: Mapping[str, UnitWords]
    routes: Mapping[str, Text]
    medicines: tuple[Medicine, ...]

    def find(self, code: str) -> Medicine | None:
        """Give the box with this code, or None."""
        return next((box for box in self.medicines if box.code == code), None)


def unfold(file: FormularyFile) -> Formulary:
    """Turn the products of the file into boxes."""
    boxes = tuple(box for product in file.products for box in boxes_of(product))
    return Formulary(version=file.version, units=file.units, routes=file.routes, medicines=boxes)


def boxes_of(product: Product) -> tuple[Medicine, ...]:
    """Give one medicine for each name and strength of a product."""
    return tuple(_medicine(product, name, box) for name in product.names for box in product.boxes)


def _medicine(product: Product, name: str, box: Box) -> Medicine:
    amounts = box.mg or (None,) * len(product.ingredients)
    return Medicine(
        code=code_of(name, box.strength, product.unit),
        atc=product.atc,
        name=name,
        inn=product.inn,
        ingredients=tuple(
            Ingredient(inn=part.inn, mg_per_unit=mg, salt=part.salt, opioid=part.opioid)
            for part, mg in zip(product.ingredients, amounts, strict=True)
        ),
        strength=box.strength,
        unit=product.unit,
        route=product.route,
        ug_per_h=box.ug_per_h,
    )


def code_of(name: str, strength: str, unit: str) -> str:
    """The code of a box: what is printed on it, in small letters, digits and dashes."""
    words = f"{name} {strength} {unit}"
    ascii_words = unicodedata.normalize("NFKD", words.replace("µ", "u")).encode("ascii", "ignore")
    return re.sub(r"[^a-z0-9]+", "-", ascii_words.decode().lower()).strip("-")
