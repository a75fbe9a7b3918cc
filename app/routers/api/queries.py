"""What the door may be asked: parameters that several routes share, and the act of an answer.

A parameter that is not known is refused by name: a filter with a slip of the pen must never answer
with everything.
"""

from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from app.routers.deps import KeyHolder, Service
from app.services import entries


def _iso_date(value: Any) -> date:
    """Take a date as ISO 8601 writes it, and no number of seconds."""
    return date.fromisoformat(str(value))


Site = Annotated[str | None, Field(pattern=r"^[a-z][a-z0-9-]{1,31}$", description="Id of one site")]
Day = Annotated[date, BeforeValidator(_iso_date)]


class NoQuery(BaseModel):
    """No parameter at all."""

    model_config = ConfigDict(extra="forbid")

    def said(self) -> dict[str, str]:
        """What the client asked for, in words for the trail."""
        return {name: str(value) for name, value in self.model_dump(mode="json").items() if value}


class DaysQuery(NoQuery):
    """Which diary days, at which site."""

    site: Site = None
    first_on: Day | None = Field(None, alias="from", description="First diary day")
    last_on: Day | None = Field(None, alias="to", description="Last diary day")


def record_reading(service: Service, holder: KeyHolder, op: str, details: dict[str, Any]) -> None:
    """Put a reading on record before its answer leaves."""
    with service.database.write() as session:
        entries.record_reading(
            session, actor=holder.actor, op=op, details=details, now=service.clock()
        )
