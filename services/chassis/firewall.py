"""The officer's firewall: what officers tried that no officer may, counted by kind and minute."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Final

import flask
import structlog
from sqlalchemy import ColumnElement, bindparam, delete, func, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from contracts.vocabulary import RefusedAttempt, Role
from services.chassis.actor import Actor
from services.chassis.api import Tenant
from services.chassis.clock import Clock
from services.chassis.columns import insert
from services.chassis.database import Database
from services.chassis.jobs import A_MINUTE_AGO, MINUTE, Job
from services.chassis.tables import refused_attempts

log = structlog.get_logger()

# A request that began in a minute has ended long before its row is forgotten.
KEPT_FOR: Final = timedelta(days=1)
BATCH: Final = 500
_NO_FILTERS: Final = frozenset({"after", "limit", "wait"})
_BY_STATUS: Final[dict[int, RefusedAttempt]] = {
    HTTPStatus.FORBIDDEN: RefusedAttempt.ROLE,
    HTTPStatus.METHOD_NOT_ALLOWED: RefusedAttempt.METHOD,
}
# Where a route shows an officer nothing but what that officer submitted.
_OF_TENANTS: Final[dict[int, RefusedAttempt]] = {
    HTTPStatus.NOT_FOUND: RefusedAttempt.TENANT,
    HTTPStatus.UNPROCESSABLE_ENTITY: RefusedAttempt.SEARCH,
}
# However often an officer tries, a kind makes one row and one event a minute for each unit.
_COLUMNS: Final = refused_attempts.c


@dataclass(frozen=True, slots=True)
class Refused:
    """How many attempts of a unit's officers were refused for one kind, in the minute so far."""

    unit_id: str
    kind: RefusedAttempt
    since: datetime
    count: int


Tell = Callable[[Session, datetime, Sequence[Refused]], None]


@dataclass(frozen=True, slots=True)
class Firewall:
    """Counts in a service's database, in a transaction of its own, what its edge refuses."""

    database: Database
    clock: Clock

    def note(self, actor: Actor | None, status: int) -> None:
        """Count the request that is being answered, where an officer may not make it.

        A count that cannot be kept changes no answer: the log says so.
        """
        if actor is None or actor.role is not Role.OFFICER or actor.unit_id is None:
            return
        kind = kind_of(status)
        if kind is None:
            return
        try:
            with self.database.transaction() as session:
                count(session, actor.unit_id, kind, self.clock.now())
        except SQLAlchemyError:
            log.exception("refused_attempt_not_counted", kind=kind.value)

    def job(self, tell: Tell) -> Job:
        """The job that tells of every minute that is over, and forgets those told of long ago."""

        def tick() -> int:
            with self.database.transaction() as session:
                now = self.clock.now()
                found = _untold(session, now)
                if not found:
                    return 0
                tell(session, now, found)
                _mark_told(session, found)
                _forget(session, now - KEPT_FOR)
                return len(found)

        return Job("refused_attempts", tick, _COUNT_DUE)


def kind_of(status: int) -> RefusedAttempt | None:
    """What an officer's refused request tried; None for one that any officer may make."""
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status == HTTPStatus.NOT_FOUND and flask.request.url_rule is None:
        return RefusedAttempt.UNKNOWN_ADDRESS
    if status not in _OF_TENANTS or flask.g.get("tenant", Tenant.ALL) is Tenant.ALL:
        return None
    searched = status == HTTPStatus.UNPROCESSABLE_ENTITY
    if searched and not set(flask.request.args) - _NO_FILTERS:
        return None
    return _OF_TENANTS[status]


def count(session: Session, unit_id: str, kind: RefusedAttempt, now: datetime) -> None:
    """One attempt more."""
    since = now.astimezone(UTC).replace(second=0, microsecond=0)
    row = {"unit_id": unit_id, "kind": kind.value, "since": since, "count": 1, "told": 0}
    add = insert(session, refused_attempts).values(row)
    more = add.on_conflict_do_update(
        index_elements=["unit_id", "kind", "since"], set_={"count": _COLUMNS.count + 1}
    )
    session.execute(more)


def _is_due(before: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    return (_COLUMNS.count > _COLUMNS.told) & (_COLUMNS.since <= before)


_COUNT_DUE: Final = select(func.count()).select_from(refused_attempts).where(_is_due(A_MINUTE_AGO))


def _untold(session: Session, now: datetime) -> list[Refused]:
    query = select(refused_attempts).where(_is_due(now - MINUTE))
    rows = session.execute(query.order_by(_COLUMNS.unit_id, _COLUMNS.since).limit(BATCH))
    return [
        Refused(row["unit_id"], RefusedAttempt(row["kind"]), row["since"], row["count"])
        for row in rows.mappings()
    ]


def _mark_told(session: Session, found: Sequence[Refused]) -> None:
    """What was counted meanwhile makes the row due again."""
    if not found:
        return
    here = (
        _COLUMNS.unit_id == bindparam("of_unit"),
        _COLUMNS.kind == bindparam("of_kind"),
        _COLUMNS.since == bindparam("of_since"),
    )
    said = update(refused_attempts).where(*here).values(told=bindparam("so_many"))
    rows = [
        {"of_unit": r.unit_id, "of_kind": r.kind.value, "of_since": r.since, "so_many": r.count}
        for r in found
    ]
    session.connection().execute(said, rows)


def _forget(session: Session, before: datetime) -> None:
    told = _COLUMNS.count <= _COLUMNS.told
    session.execute(delete(refused_attempts).where(told, _COLUMNS.since < before))
