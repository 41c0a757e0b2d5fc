"""PostgreSQL's plans of a service's statements, and which of them read a large table through.

Every table is filled until reading it through would be noticed; then a story is played, and each
statement that it made is planned again with the values that it had.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import flask
import orjson
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.orm import Session

from services.chassis import chains, held, idempotency
from services.chassis.chains import Chains, Place
from services.chassis.database import Database
from services.chassis.embedded_log import EmbeddedLog
from services.chassis.inbox import NotParkedError
from services.chassis.postgres import show_every_agency
from services.chassis.relay import Relay
from services.chassis.service import WiredService

ROWS: Final = 20_000
# Beyond what the rows of a story are numbered by.
FIRST: Final = 1_000_000
_PLANNED: Final = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")
_AT: Final = "timestamptz '2026-01-01' + n * interval '1 minute'"
_HASH: Final = "repeat('0', 64)"
# What every service has: long streams that were sent, and nothing that waits.
CHASSIS: Final = {
    "stream_heads": f"SELECT 'old', n::text, 1, {_HASH}",
    "history": (
        f"SELECT n, 'old', n::text, 1, gen_random_uuid(), 'old', {_AT}, '{{}}', '',"
        f" {_HASH}, {_HASH}"
    ),
    "outbox": f"SELECT n, n, {_AT}",
    "inbox": "SELECT 'old', 'old', n::text, 1",
    "audit": (
        f"SELECT 'old' || n, 1, {_AT}, 'old', 'admin', NULL, 'old', '{{}}', {_HASH}, {_HASH}"
    ),
    "ended_access": f"SELECT lpad(n::text, 64, '0'), {_AT}, false",
    "idempotency": f"SELECT 'old', 'old', n::text, {_HASH}, 200, '{{}}', '{{}}', {_AT}",
}

Statements = dict[str, Any]


def fill(owner: Database, tables: Mapping[str, str]) -> None:
    """Fill tables, in this order, with ROWS rows each, numbered n; and count them."""
    with owner.transaction() as session:
        for table, select in tables.items():
            source = f"generate_series({FIRST}, {FIRST + ROWS - 1}) AS n"
            session.execute(text(f"INSERT INTO {table} {select} FROM {source}"))
    with owner.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


@contextmanager
def listened(engine: Engine) -> Iterator[Statements]:
    """The statements that are made inside, each with the values of its last time."""
    made: Statements = {}

    def note(*told: Any) -> None:
        _, _, statement, values, *_ = told
        if statement.lstrip().startswith(_PLANNED):
            made[statement] = values[0] if isinstance(values, list) else values

    event.listen(engine, "before_cursor_execute", note)
    yield made
    event.remove(engine, "before_cursor_execute", note)


def read_through(connection: Connection, made: Statements, tables: Mapping[str, str]) -> set[str]:
    """The statements whose plan reads one of the tables from end to end, each with that table."""
    found = set()
    show_every_agency(connection)
    for statement, values in made.items():
        told = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", values).scalar_one()
        plan = told if isinstance(told, list) else orjson.loads(told)
        found |= {f"{table}: {statement}" for table in _scanned(plan[0]["Plan"]) if table in tables}
    return found


def _scanned(plan: dict[str, Any]) -> Iterator[str]:
    if plan["Node Type"] == "Seq Scan":
        yield plan["Relation Name"]
    for part in plan.get("Plans", ()):
        yield from _scanned(part)


def keep_going(service: WiredService, folder: Path) -> None:
    """What the loops of a service ask its database for, beside its jobs."""
    log = EmbeddedLog(Database(f"sqlite:///{folder / 'events.sqlite'}"), service.clock.now)
    Relay(service.database, log, service.clock).tick()
    log.close()
    service.flow()
    service.alarms()
    for job in service.jobs:
        service.due(job.name)
        job.tick()
    with service.database.transaction() as session:
        now = service.clock.now()
        idempotency.prune(session, now - idempotency.KEPT_FOR - timedelta(days=365))
        verify_audit(session)
        held.parked_keys(session)
        held.quarantined_records(session)
        for box in service.inboxes:
            held.parked_since(session, box.consumer, now)
            with suppress(NotParkedError):
                box.redrive(session, "referral.lifecycle", "nobody", now)


def verify_audit(session: Session) -> None:
    """What verifying the audit asks for, from the middle of the chains on."""
    heads = chains.heads(session, ("audit", "a"))
    chains.emptied(session, heads)
    chains.hold(session, [replace(head, hash="") for head in heads])
    for of in Chains:
        chains.walk(session, of, Place("old", str(FIRST + 9), 1, "", None, None))


@contextmanager
def called(app: flask.Flask) -> Iterator[set[str]]:
    """The endpoints of the routes that are called inside."""
    found: set[str] = set()

    def note(*_: Any, **__: Any) -> None:
        found.add(str(flask.request.endpoint))

    with flask.request_started.connected_to(note, app):
        yield found


def endpoints(app: flask.Flask) -> set[str]:
    """The endpoints of all routes."""
    return {rule.endpoint for rule in app.url_map.iter_rules()}
