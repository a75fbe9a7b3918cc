"""Numbers of a study: its window, sessions, figures' minimums, flags and alert rules.

Only what is set; diary days, figures and alerts apply it. The rule kept: a number out of range or
out of order is refused when the study loads.
"""

from datetime import time
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from app.domain.study.wording import Part

Scale = Literal["vas100", "nrs11"]
Days = Annotated[int, Field(ge=1, le=366)]


class Window(Part):
    """When a diary day can be filled, in the participant's local time; it closes at 24:00.

    `opens` is on the diary day; `grace_until`, `save_until` and `medicines_until` are on the next.
    """

    opens: time
    grace_until: time
    save_until: time
    medicines_until: time

    @field_validator("grace_until", "save_until", "medicines_until")
    @classmethod
    def _in_order(cls, value: time, info: ValidationInfo) -> time:
        for earlier in ("grace_until", "save_until"):
            if earlier in info.data and value < info.data[earlier]:
                raise ValueError(f"comes before {earlier}")
        if "opens" in info.data and value >= info.data["opens"]:
            raise ValueError("comes after the next window opens")
        return value


class Sessions(Part):
    """Study days planned by the protocol (D0 = inclusion); real dates are entered by the site."""

    inclusion_day: Annotated[int, Field(ge=0, le=0)]
    planned_days: Annotated[tuple[Days, ...], Field(min_length=1)]
    last_day: Days

    @field_validator("planned_days")
    @classmethod
    def _days_rise(cls, days: tuple[int, ...]) -> tuple[int, ...]:
        return rising(days)

    @field_validator("last_day")
    @classmethod
    def _ends_after_sessions(cls, day: int, info: ValidationInfo) -> int:
        if day <= max(info.data.get("planned_days", (0,))):
            raise ValueError("comes before the last session")
        return day


class Week(Part):
    """A run of diary days and the fewest answers from which a mean is given."""

    days: Days
    minimum: Days

    @field_validator("minimum")
    @classmethod
    def _fits(cls, minimum: int, info: ValidationInfo) -> int:
        if minimum > info.data.get("days", minimum):
            raise ValueError("is more than the days there are")
        return minimum


class Baseline(Week):
    """The diary days before session 1 that the reduction is measured from."""

    before_inclusion: bool


class Flags(Part):
    """Reductions worth a flag: percent (IMMPACT), and points of each scale."""

    moderate_percent: Annotated[int, Field(ge=1, le=100)]
    substantial_percent: Annotated[int, Field(ge=1, le=100)]
    vas100_points: Annotated[int, Field(ge=1, le=100)]
    nrs11_points: Annotated[int, Field(ge=1, le=10)]

    @field_validator("substantial_percent")
    @classmethod
    def _above_moderate(cls, percent: int, info: ValidationInfo) -> int:
        if percent <= info.data.get("moderate_percent", 0):
            raise ValueError("is not above moderate_percent")
        return percent


class PainLevel(Part):
    """High pain on one scale: `at_least`, or `from_level` and `above_mean` over the mean before."""

    at_least: Annotated[int, Field(ge=0)]
    from_level: Annotated[int, Field(ge=0)]
    above_mean: Annotated[int, Field(ge=0)]


class PainAlert(Part):
    """High pain on `days_running` days; the mean is that of the `mean_days` preceding."""

    on: bool
    days_running: Days
    mean_days: Days
    vas100: PainLevel
    nrs11: PainLevel

    def level(self, scale: Scale) -> PainLevel:
        """Give the level on a scale."""
        return self.vas100 if scale == "vas100" else self.nrs11

    @field_validator("vas100", "nrs11")
    @classmethod
    def _within_scale(cls, level: PainLevel, info: ValidationInfo) -> PainLevel:
        top = 100 if info.field_name == "vas100" else 10
        for name, value in level:
            if value > top:
                raise ValueError(f"{name} is beyond the scale, which ends at {top}")
        return level


class RunAlert(Part):
    """Something on so many days running."""

    on: bool
    days_running: Days


class SwitchAlert(Part):
    """An alert with no number: it is on or off."""

    on: bool


class MmeAlert(Part):
    """Morphine equivalents of a day against the mean of the complete days before it."""

    on: bool
    times_mean: Annotated[float, Field(gt=1, le=10)]
    above_mean_mg: Annotated[int, Field(ge=0, le=500)]
    complete_days: Days


class ScarceAlert(Part):
    """Fewer than so many entries in the last days."""

    on: bool
    fewer_than: Days
    of_days: Days

    @field_validator("of_days")
    @classmethod
    def _fits(cls, of_days: int, info: ValidationInfo) -> int:
        if of_days < info.data.get("fewer_than", of_days):
            raise ValueError("is less than fewer_than")
        return of_days


class SiteHours(Part):
    """When the site is there: ISO days of the week, its hours, and whose public holidays are free.

    `holidays` is a country, with a region where its holidays differ (FR, FR-57).
    """

    days: Annotated[tuple[Annotated[int, Field(ge=1, le=7)], ...], Field(min_length=1)]
    opens: time
    closes: time
    zone: Annotated[str, Field(pattern=r"^[A-Za-z_]+(/[A-Za-z_]+)+$")]
    holidays: Annotated[str, Field(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")]

    @field_validator("days")
    @classmethod
    def _days_rise(cls, days: tuple[int, ...]) -> tuple[int, ...]:
        return rising(days)

    @field_validator("closes")
    @classmethod
    def _after_opening(cls, closes: time, info: ValidationInfo) -> time:
        if closes <= info.data.get("opens", time.min):
            raise ValueError("comes before it opens")
        return closes


class AlertRules(Part):
    """Every alert rule by its code, which is the name of its field."""

    pain_high: PainAlert
    flare_running: RunAlert
    emergency_item: SwitchAlert
    infection_item: SwitchAlert
    confusion_item: SwitchAlert
    hospital: SwitchAlert
    mme_rise: MmeAlert
    missed_running: RunAlert
    few_entries: ScarceAlert
    unreachable: SwitchAlert


def rising(days: tuple[int, ...]) -> tuple[int, ...]:
    """Give the days back; ValueError unless each is later than the one before."""
    if list(days) != sorted(set(days)):
        raise ValueError("do not rise")
    return days
