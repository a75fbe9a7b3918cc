"""The desk of the site: the cohort, enrolment, one participant's trend, the history of a day.

Handlers parse, call one verb or query and render; words are in `words`, drawings in `pictures`.
"""

from fastapi import APIRouter

from app.routers.clinician import (
    access,
    account,
    accounts,
    care,
    cohort,
    confirm,
    copies,
    corrections,
    course,
    enrolled,
    enrolment,
    entries,
    formulary,
    history,
    joining,
    letters,
    medicines,
    operations,
    participant,
    queries,
    reminders,
    set_aside,
    signoff,
    staff_passkeys,
    trail,
    trail_review,
    trial_database,
    trial_guide,
    visits,
    work,
)

ROUTERS: tuple[APIRouter, ...] = (
    cohort.router,
    work.router,
    confirm.router,
    access.router,
    accounts.router,
    operations.router,
    account.router,
    staff_passkeys.router,
    joining.router,
    enrolment.router,
    participant.router,
    care.router,
    course.router,
    visits.router,
    medicines.router,
    enrolled.router,
    formulary.router,
    reminders.router,
    signoff.router,
    history.router,
    letters.router,
    queries.router,
    corrections.router,
    entries.router,
    set_aside.router,
    trail.router,
    copies.router,
    trail_review.router,
    trial_database.router,
    trial_guide.router,
)

__all__ = ["ROUTERS"]
