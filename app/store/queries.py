"""Queries about data points and their moves; the words are texts of the changes they name."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.store.tables import DataQuery, Participant, QueryMove
from app.store.timeline import at_sites


@dataclass(frozen=True, slots=True)
class QueryRow:
    """A query and whose data it is about."""

    query: DataQuery
    study_code: str
    tz: str


@dataclass(frozen=True, kw_only=True)
class QueryFilter:
    """Which queries are asked for: of a state, of a participant; empty: of any."""

    state: str = ""
    study_code: str = ""
    offset: int = 0
    limit: int = 50


def hold_query(session: Session, query_id: str) -> DataQuery | None:
    """Find and hold a query as it stands now: whoever comes second reads what the first did."""
    return session.scalar(
        select(DataQuery)
        .where(DataQuery.id == query_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def find_query(session: Session, query_id: str) -> DataQuery | None:
    """Find a query by its id."""
    return session.get(DataQuery, query_id)


def list_queries(session: Session, sites: Collection[str], asked: QueryFilter) -> list[QueryRow]:
    """List the queries of these sites, the longest standing first."""
    query = (
        select(DataQuery, Participant.study_code, Participant.tz)
        .join(Participant, Participant.id == DataQuery.participant_id)
        .where(at_sites(sites))
        .order_by(DataQuery.asked_at, DataQuery.id)
        .offset(asked.offset)
        .limit(asked.limit)
    )
    if asked.state:
        query = query.where(DataQuery.state == asked.state)
    if asked.study_code:
        query = query.where(Participant.study_code == asked.study_code)
    return [QueryRow(*row) for row in session.execute(query)]


def count_by_state(session: Session, sites: Collection[str], study_code: str) -> dict[str, int]:
    """Count the queries of these sites by state, of one participant if one is named."""
    query = (
        select(DataQuery.state, func.count())
        .join(Participant, Participant.id == DataQuery.participant_id)
        .where(at_sites(sites))
        .group_by(DataQuery.state)
    )
    if study_code:
        query = query.where(Participant.study_code == study_code)
    return {row[0]: row[1] for row in session.execute(query)}


def list_of_day(session: Session, participant_id: int, on: date) -> list[DataQuery]:
    """List the queries about a participant's diary day, the first asked first."""
    query = select(DataQuery).where(
        DataQuery.participant_id == participant_id, DataQuery.diary_on == on
    )
    return list(session.scalars(query.order_by(DataQuery.asked_at, DataQuery.id)))


def moves_of(session: Session, query_ids: Collection[str]) -> dict[str, list[QueryMove]]:
    """Give the moves of some queries, each query's in order."""
    found: defaultdict[str, list[QueryMove]] = defaultdict(list)
    query = select(QueryMove).where(QueryMove.query_id.in_(query_ids)).order_by(QueryMove.id)
    for move in session.scalars(query):
        found[move.query_id].append(move)
    return found
