"""What the deployment knows about itself, one value a name; the first to write one is believed."""

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.store.tables import DeploymentFact


def find_fact(session: Session, key: str) -> str | None:
    """Find a value by its name."""
    row = session.get(DeploymentFact, key)
    return None if row is None else row.value


def keep_first(session: Session, key: str, value: str) -> str:
    """Write a value unless somebody wrote one before; give the one that holds for everybody."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    new = dialect.insert(DeploymentFact).values(key=key, value=value)
    session.execute(new.on_conflict_do_nothing(index_elements=[DeploymentFact.key]))
    return session.get_one(DeploymentFact, key).value
