"""Idempotency-Key: one result per (caller, route, key), stored in the transaction that made it."""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, delete, false, func, or_, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from contracts.problems import Problem, ProblemError
from services.chassis.actor import Actor
from services.chassis.columns import Upsert
from services.chassis.faults import is_lock_timeout
from services.chassis.tables import idempotency

LONGEST_KEY: Final = 80
LONGEST_ROUTE: Final = 200
KEPT_FOR: Final = timedelta(days=7)
_COLUMNS: Final = idempotency.c
_SAME: Final = (
    _COLUMNS.caller == bindparam("of_caller"),
    _COLUMNS.route == bindparam("of_route"),
    _COLUMNS.key == bindparam("of_key"),
)
# Built once: every request that changes something asks them.
_CLAIM: Final = Upsert(
    idempotency, lambda add: add.on_conflict_do_nothing().returning(_COLUMNS.key)
)
_ANSWERED: Final = select(idempotency).where(*_SAME)
_FINISH: Final = idempotency.update().where(*_SAME)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request as the key's owner sees it."""

    caller: str
    route: str
    key: str
    body_mac: str


@dataclass(frozen=True, slots=True)
class Result:
    """What the first request with this key was answered."""

    status: int
    headers: dict[str, str]
    body: Any


def caller_of(actor: Actor) -> str:
    """Whose key it is: two agencies may have a user of the same name."""
    parts = (actor.role.value, actor.subject, actor.agency_id or "", actor.unit_id or "")
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def forget(session: Session, callers: Iterable[Actor], ids: Iterable[UUID]) -> None:
    """Delete what these callers were answered about some things: it tells what was known then.

    The request that is being answered keeps its key: a repetition is answered as it is now.
    """
    path = func.lower(idempotency.c.route)
    about = or_(false(), *(path.contains(f"/{one}/") for one in ids))
    mine = idempotency.c.caller.in_({caller_of(caller) for caller in callers})
    answered = idempotency.c.status.is_not(None)
    session.execute(delete(idempotency).where(mine, about, answered))


def attempt(caller: str, route: str, key: str, body: bytes, secret: bytes) -> Attempt:
    """Name a request; raises ProblemError where the key is too long to be one."""
    if not 1 <= len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
        right = f"1 to {LONGEST_KEY} printable ASCII characters"
        raise ProblemError(
            Problem.MALFORMED, f"Idempotency-Key: {right}", {"Idempotency-Key": [right]}
        )
    return Attempt(caller, route, key, hmac.new(secret, body, hashlib.sha256).hexdigest())


def begin(session: Session, this: Attempt, now: datetime) -> Result | None:
    """Claim the key, or return what it was answered before.

    The row is taken in the caller's transaction: a second request with the same key waits for the
    first. Raises ProblemError: 422 where the key belongs to another body, 409 where the first
    request takes longer than a lock may be waited for.
    """
    row = {
        "caller": this.caller,
        "route": this.route,
        "key": this.key,
        "body_mac": this.body_mac,
        "at": now,
    }
    if _claim(session, row):
        return None
    before = session.execute(_ANSWERED, _names(this)).first()
    if before is None:  # pruned just now
        return begin(session, this, now)
    if not hmac.compare_digest(before.body_mac, this.body_mac):
        raise ProblemError(
            Problem.KEY_REUSED,
            "this Idempotency-Key was used with another body; take a new one",
        )
    return Result(before.status, before.headers, before.body)


def finish(session: Session, this: Attempt, result: Result) -> None:
    """Keep the answer beside the change that it reports."""
    answer = {"status": result.status, "headers": result.headers, "body": result.body}
    session.execute(_FINISH, _names(this) | answer)


def prune(session: Session, before: datetime) -> int:
    """Forget keys older than a moment; returns how many."""
    gone = session.execute(delete(idempotency).where(idempotency.c.at < before))
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _claim(session: Session, row: dict[str, Any]) -> bool:
    try:
        return session.execute(_CLAIM.of(session), row).first() is not None
    except OperationalError as error:
        if not is_lock_timeout(error):
            raise
        raise ProblemError(
            Problem.KEY_BUSY,
            "the first request with this Idempotency-Key is not done yet: send it again, the same",
        ) from None


def _names(this: Attempt) -> dict[str, Any]:
    return {"of_caller": this.caller, "of_route": this.route, "of_key": this.key}
