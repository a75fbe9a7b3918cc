"""What the deployment knows about itself, one value a name; the first to write one is believed."""

from sqlalchemy import select, update
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


def list_facts(session: Session, prefix: str) -> dict[str, str]:
    """List the values whose names begin so."""
    query = select(DeploymentFact).where(DeploymentFact.key.startswith(prefix, autoescape=True))
    return {row.key: row.value for row in session.scalars(query)}


def replace_fact(session: Session, key: str, old: str, new: str) -> None:
    """Write a value in place of another, unless somebody did meanwhile."""
    is_it = (DeploymentFact.key == key) & (DeploymentFact.value == old)
    session.execute(update(DeploymentFact).where(is_it).values(value=new))


def put_fact(session: Session, key: str, value: str) -> None:
    """Write a value over any earlier one."""
    session.merge(DeploymentFact(key=key, value=value))
