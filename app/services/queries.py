"""Queries about a data point: asked by a monitor or the site, answered by the site, then closed.

A query changes no value: what it leads to is a correction of the site, with its own reason. The
rules kept: of two people at once one wins, and the site closes no query of a monitor's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from app.domain.access import Actor, Permission, Role, require, require_anywhere
from app.domain.comparison import fields_of
from app.domain.errors import InvalidInput, NotAllowed, NotFound, WrongState
from app.domain.letters import read_words
from app.services.kept import payload_of
from app.services.participants import get_permitted
from app.store import ledger, participants, queries, records, trends
from app.store.queries import QueryFilter, QueryRow
from app.store.session import Session
from app.store.tables import DataQuery, Participant, QueryMove

WORDS, WHOLE = "words", "record"
"""The field of a query's texts, and the data point that is a whole record or day."""
PAGE = 50


class QueryState(StrEnum):
    """Where a query stands: with the site, with who asked, or settled."""

    OPEN = "open"
    ANSWERED = "answered"
    CLOSED = "closed"


class Move(StrEnum):
    """What is done with a query."""

    ASKED = "asked"
    ANSWERED = "answered"
    CLOSED = "closed"
    REOPENED = "reopened"


_FROM = {
    Move.ANSWERED: (QueryState.OPEN,),
    Move.CLOSED: (QueryState.OPEN, QueryState.ANSWERED),
    Move.REOPENED: (QueryState.ANSWERED, QueryState.CLOSED),
}
_TO = {
    Move.ANSWERED: QueryState.ANSWERED,
    Move.CLOSED: QueryState.CLOSED,
    Move.REOPENED: QueryState.OPEN,
}


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a form asks about. `id` was made with the form, so that sending it twice asks once.

    `field` is `group/code` of a field as the day page names it, or `record` for the whole of it;
    no record: the day itself.
    """

    id: str
    diary_on: date
    words: str
    record_id: str | None = None
    field: str = WHOLE


@dataclass(frozen=True, slots=True)
class Said:
    """One move with its words: by whom and when; words are None once they were redacted."""

    move: Move
    at: datetime
    by: str
    words: str | None


@dataclass(frozen=True, slots=True)
class Thread:
    """A query with all that was said, and the moves that the reader may make now."""

    query: DataQuery
    said: tuple[Said, ...]
    may: frozenset[Move]


def ask(
    session: Session, *, actor: Actor, study_code: str, question: Question, now: datetime
) -> DataQuery:
    """Ask about a data point; give the query, the earlier one when it was sent before."""
    person = get_permitted(
        session, actor=actor, study_code=study_code, permission=Permission.ASK_QUERY
    )
    person = participants.lock_participant(session, person.id)
    known = queries.find_query(session, question.id)
    if known is not None:
        if known.participant_id != person.id:
            raise NotFound("not_found")
        return known
    words = read_words(question.words, needed=True)
    _check_point(session, person, question)
    query = DataQuery(
        id=question.id,
        participant_id=person.id,
        record_id=question.record_id,
        diary_on=question.diary_on,
        field=question.field,
        state=QueryState.OPEN.value,
        asked_at=now,
        asked_by=actor.id,
    )
    session.add(query)
    session.flush()
    role = require(actor, Permission.ASK_QUERY, person.site_id)
    _note(session, (query, person), Move.ASKED, (actor, role, words), now)
    return query


def move_on(
    session: Session, *, actor: Actor, query_id: str, move: Move | None, words: str, now: datetime
) -> DataQuery:
    """Answer, close or reopen a query; only closing needs no words.

    Raises WrongState when somebody moved it before, NotAllowed for who may not.
    """
    query = queries.hold_query(session, query_id)
    if query is None:
        raise NotFound("not_found")
    person = participants.get_participant(session, query.participant_id)
    role = require(actor, Permission.ASK_QUERY, person.site_id)
    if move not in _FROM:
        raise InvalidInput("not_a_choice", field="move")
    if move is Move.ANSWERED:
        role = require(actor, Permission.ANSWER_QUERY, person.site_id)
    elif not _settles(actor, query, person.site_id):
        raise NotAllowed("query_not_yours")
    if QueryState(query.state) not in _FROM[move]:
        raise WrongState("query_moved", field="words")
    said = read_words(words, needed=move is not Move.CLOSED)
    query.state = _TO[move].value
    _note(session, (query, person), move, (actor, role, said), now)
    return query


def list_threads(session: Session, *, actor: Actor, person: Participant, on: date) -> list[Thread]:
    """List the queries about a diary day for whoever may read its records."""
    require(actor, Permission.SEE_RECORDS, person.site_id)
    return _threads(session, actor, person.site_id, queries.list_of_day(session, person.id, on))


def list_queries(
    session: Session, *, actor: Actor, state: str = "", study_code: str = "", page: int = 1
) -> tuple[list[QueryRow], Mapping[str, int]]:
    """List the queries of the actor's sites, and count them by state.

    One row more than a page, when there is a next page.
    """
    require_anywhere(actor, Permission.SEE_RECORDS)
    sites = actor.sites_with(Permission.SEE_RECORDS)
    offset, limit = (page - 1) * PAGE, PAGE + 1
    asked = QueryFilter(state=state, study_code=study_code, offset=offset, limit=limit)
    rows = queries.list_queries(session, sites, asked)
    return rows, queries.count_by_state(session, sites, study_code)


def first_words(session: Session, *, rows: Sequence[QueryRow]) -> dict[str, str | None]:
    """Give what was asked in some queries that were listed, by query id."""
    moves = queries.moves_of(session, [row.query.id for row in rows])
    firsts = {query_id: said[0].change_id for query_id, said in moves.items()}
    texts = records.texts_of(session, list(firsts.values()))
    return {
        query_id: texts.get(change_id, {}).get(WORDS, (None, None))[0]
        for query_id, change_id in firsts.items()
    }


def _settles(actor: Actor, query: DataQuery, site: str) -> bool:
    """Whether the actor asked it, or is a monitor: these alone say that it is settled."""
    is_monitor = any(g.role is Role.MONITOR and g.covers(site) for g in actor.grants)
    return query.asked_by == actor.id or is_monitor


def _check_point(session: Session, person: Participant, question: Question) -> None:
    """A query is about something of that participant and that day."""
    if not person.first_diary_on <= question.diary_on <= person.last_diary_on:
        raise InvalidInput("no_diary_day", field="words")
    if question.record_id is None:
        if question.field != WHOLE:
            raise InvalidInput("not_a_choice", field="field")
        return
    rows = records.list_versions(session, question.record_id)
    if not rows or rows[-1].participant_id != person.id:
        raise NotFound("not_found")
    if rows[-1].diary_on != question.diary_on:
        raise NotFound("not_found")
    known = {f"{f.group}/{f.code}" for row in rows for f in fields_of(payload_of(row))}
    if question.field not in known | {WHOLE}:
        refused = {"field": question.field}
        raise InvalidInput("not_a_choice", field="field", refused=refused)


def _note(
    session: Session,
    about: tuple[DataQuery, Participant],
    move: Move,
    by: tuple[Actor, Role, str],
    now: datetime,
) -> None:
    """Leave the move and its change; the words are the change's text."""
    (query, person), (actor, role, words) = about, by
    change_id = ledger.queue_act(
        session,
        actor=actor,
        op=f"query.{move}",
        role=role,
        now=now,
        site=person.site_id,
        study_code=person.study_code,
        details={
            "query": query.id,
            "record_id": query.record_id,
            "diary_on": query.diary_on.isoformat(),
            "field": query.field,
        },
        texts={WORDS: words} if words else {},
    )
    session.add(
        QueryMove(query_id=query.id, move=move.value, at=now, by=actor.id, change_id=change_id)
    )


def _threads(session: Session, actor: Actor, site: str, found: Sequence[DataQuery]) -> list[Thread]:
    moves = queries.moves_of(session, [query.id for query in found])
    every = [move for said in moves.values() for move in said]
    texts = records.texts_of(session, [move.change_id for move in every])
    names = trends.names_of_staff(session, {move.by for move in every})
    return [
        Thread(
            query,
            tuple(
                Said(
                    Move(move.move),
                    move.at,
                    names.get(move.by, move.by),
                    texts.get(move.change_id, {}).get(WORDS, (None, None))[0],
                )
                for move in moves[query.id]
            ),
            _may(actor, query, site),
        )
        for query in found
    ]


def _may(actor: Actor, query: DataQuery, site: str) -> frozenset[Move]:
    """The moves that the actor may make now."""
    state, allowed = QueryState(query.state), set()
    if actor.role_at(Permission.ANSWER_QUERY, site) is not None:
        allowed.add(Move.ANSWERED)
    if actor.role_at(Permission.ASK_QUERY, site) is not None and _settles(actor, query, site):
        allowed |= {Move.CLOSED, Move.REOPENED}
    return frozenset(move for move in allowed if state in _FROM[move])
