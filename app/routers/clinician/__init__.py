"""The desk of the site: the cohort, enrolment, one participant's trend, the history of a day.

Handlers parse, call one verb or query and render; words are in `words`, drawings in `pictures`.
"""

from fastapi import APIRouter

from app.routers.clinician import care, cohort, enrolment, history, participant, reminders

ROUTERS: tuple[APIRouter, ...] = (
    cohort.router,
    enrolment.router,
    participant.router,
    care.router,
    reminders.router,
    history.router,
)

__all__ = ["ROUTERS"]
