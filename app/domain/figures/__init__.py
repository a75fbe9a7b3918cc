"""The clinical figures of the diary, computed once and here, shown and exported alike (DOMAIN §4).

`days` says what one diary day contributes and how it is numbered, `means` holds weekly means,
baseline and reduction, `adherence` the counts of answered and missing days, `mme` the morphine
equivalents, `tempo` how long a diary took. Pure functions over frozen values: no store, no clock,
no words for people.

The rule: arithmetic is on the integers and decimals that were recorded (fractions for means,
decimals for doses), every threshold is decided there, and only what is handed out is a float,
never rounded.
Nothing is imputed: too few answers give None, and None is never drawn or exported as a number.
"""

from app.domain.figures.adherence import Adherence, adherence, cause_of, missing_causes
from app.domain.figures.days import Day, DayNumbers, number_day, study_day
from app.domain.figures.means import (
    Baseline,
    BaselineStatus,
    Mean,
    Response,
    Week,
    baseline,
    mean_between,
    response,
    rolling_means,
    weekly_means,
)
from app.domain.figures.mme import (
    FACTOR_TABLE,
    FACTORS_PER_MG,
    PATCH_FACTORS_PER_UG_H,
    PATCH_WEAR,
    DailyMme,
    MmeFlag,
    MmeStatus,
    daily_mme,
)
from app.domain.figures.tempo import AIM_S, Length, Tempo, tempos

__all__ = [
    "AIM_S",
    "FACTORS_PER_MG",
    "FACTOR_TABLE",
    "PATCH_FACTORS_PER_UG_H",
    "PATCH_WEAR",
    "Adherence",
    "Baseline",
    "BaselineStatus",
    "DailyMme",
    "Day",
    "DayNumbers",
    "Length",
    "Mean",
    "MmeFlag",
    "MmeStatus",
    "Response",
    "Tempo",
    "Week",
    "adherence",
    "baseline",
    "cause_of",
    "daily_mme",
    "mean_between",
    "missing_causes",
    "number_day",
    "response",
    "rolling_means",
    "study_day",
    "tempos",
    "weekly_means",
]
