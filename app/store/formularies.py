"""The site's own boxes in the database, beside the formulary of the study."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.store.tables import FormularyEntry


def list_entries(session: Session) -> list[FormularyEntry]:
    """List what was added or taken out, in that order; the last word on a code counts."""
    return list(session.scalars(select(FormularyEntry).order_by(FormularyEntry.id)))
