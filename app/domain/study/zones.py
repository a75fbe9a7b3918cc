"""Places of the affected limb where touch caused pain: a versioned set of codes with their words.

The drawing is the template's; here is only what is stored and said. The rule kept: one code, one
place, whichever view it was touched in.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, field_validator

from app.domain.study.wording import LimbName, Part, Text, Version, distinct, first_twice

View = Literal["front", "back"]


class Zone(Part):
    """One place, drawn in one or both views of the limb; `code` is what an answer stores."""

    code: Annotated[str, StringConstraints(pattern=r"^(hand|foot)\.[a-z][a-z_]*$")]
    views: Annotated[tuple[View, ...], Field(min_length=1)]
    label: Text

    @field_validator("views")
    @classmethod
    def _each_once(cls, views: tuple[View, ...]) -> tuple[View, ...]:
        if (view := first_twice(views)) is not None:
            raise ValueError(f"{view} stands twice")
        return views


Zones = Annotated[tuple[Zone, ...], AfterValidator(distinct)]


class ZoneSet(Part):
    """All places of one version of the set, in the order in which the list shows them."""

    version: Version
    hand: Zones
    foot: Zones

    def of(self, limb: LimbName) -> tuple[Zone, ...]:
        """Give the places of a limb."""
        return self.hand if limb == "hand" else self.foot

    def codes(self, limb: LimbName) -> frozenset[str]:
        """Give the codes that an answer about a limb may hold."""
        return frozenset(zone.code for zone in self.of(limb))

    @field_validator("hand", "foot")
    @classmethod
    def _codes_say_their_limb(
        cls, zones: tuple[Zone, ...], info: ValidationInfo
    ) -> tuple[Zone, ...]:
        for zone in zones:
            if not zone.code.startswith(f"{info.field_name}."):
                raise ValueError(f"{zone.code} is not a place of the {info.field_name}")
        return zones
