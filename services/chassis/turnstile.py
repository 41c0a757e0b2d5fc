"""Counts the requests of each caller, and refuses what is beyond the limit of a minute.

Every process counts for itself and, each time that a caller has made a twentieth of the limit,
adds that to the service's database and learns what the other processes have added. So a caller who
asks seldom costs no statement, one who asks all the time one in sixty requests at the usual limit,
and one who is refused none at all. Several processes let through at most a twentieth each beyond
the limit, and what comes while they ask.
"""

import hashlib
import hmac
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any, Final

import structlog
from sqlalchemy import delete
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from contracts.problems import TooManyError
from services.chassis import idempotency
from services.chassis.actor import Actor
from services.chassis.columns import Upsert
from services.chassis.database import Database
from services.chassis.faults import reason_of
from services.chassis.jobs import MINUTE
from services.chassis.limits import Limits, address_of, holder_of
from services.chassis.tables import request_counts

log = structlog.get_logger()

PARTS: Final = 20
KEPT_FOR: Final = timedelta(hours=1)
# Whoever has any number of addresses must not fill the memory: those beyond share one count.
MOST_ADDRESSES: Final = 10_000
_ALL_OTHERS: Final = "all others"
_COLUMNS: Final = request_counts.c


def _adding(add: Any) -> Any:
    more = {"count": _COLUMNS.count + add.excluded.count}
    said = add.on_conflict_do_update(index_elements=["caller", "since"], set_=more)
    return said.returning(_COLUMNS.count)


_ADD: Final = Upsert(request_counts, _adding)


@dataclass(slots=True)
class _Count:
    """``mine`` were let through here, ``settled`` of them are in the table, beside ``others``."""

    mine: int = 0
    settled: int = 0
    others: int = 0
    is_refused: bool = False
    is_settling: bool = False

    def take(self, limit: int) -> int | None:
        """Let one more through; returns how many are to be settled, None where it is refused."""
        if self.mine + self.others >= limit:
            return None
        self.mine += 1
        return 0 if self.is_settling else self.share(limit)

    def share(self, limit: int) -> int:
        """What is to be settled now: a part of the limit or more, else nothing."""
        share = self.mine - self.settled
        self.is_settling = share >= max(1, limit // PARTS)
        if not self.is_settling:
            return 0
        self.settled = self.mine
        return share

    def hear(self, share: int, total: int | None) -> None:
        """A share is settled, and makes so many with all others'; None where it failed."""
        if total is None:
            self.settled -= share
        else:
            self.others = total - self.settled


@dataclass(frozen=True, slots=True)
class _Rule:
    """A limit, and what a refusal says of it."""

    kind: str
    a_minute: int
    whose: str
    most: float = math.inf


@dataclass(slots=True)
class _Tally:
    """The counts of one minute, by caller; what is over is forgotten whole."""

    rule: _Rule
    since: datetime | None = None
    counts: dict[str, _Count] = field(default_factory=dict)

    def of(self, caller: str, since: datetime) -> tuple[str, _Count]:
        if since != self.since:
            self.since, self.counts = since, {}
        if caller not in self.counts and len(self.counts) >= self.rule.most:
            caller = _ALL_OTHERS
        return caller, self.counts.setdefault(caller, _Count())


class Turnstile:
    """Lets requests through, or raises TooManyError; threads may share it."""

    def __init__(
        self, database: Database, limits: Limits, secret: bytes, tell: Callable[[str], None]
    ) -> None:
        """``secret`` hides addresses in the database; ``tell`` hears of each refusal."""
        self._database = database
        self._proxies = limits.proxies
        self._secret = secret
        self._tell = tell
        self._lock = Lock()
        self._callers = _Tally(_Rule("token", limits.of_caller, "for each caller"))
        strangers = _Rule("address", limits.of_address, "without a good token", MOST_ADDRESSES)
        self._strangers = _Tally(strangers)

    def let_in(self, actor: Actor, now: datetime) -> None:
        """Count a request of a caller with a good token; raises TooManyError."""
        if self._callers.rule.a_minute:
            self._take(self._callers, idempotency.caller_of(actor), now)

    def let_stranger_in(self, environ: Mapping[str, Any], now: datetime) -> None:
        """Count a request without a good token by where it comes from; raises TooManyError."""
        if self._strangers.rule.a_minute:
            holder = holder_of(address_of(environ, self._proxies))
            hidden = hmac.new(self._secret, holder.encode(), hashlib.sha256).hexdigest()
            self._take(self._strangers, hidden, now)

    def _take(self, tally: _Tally, caller: str, now: datetime) -> None:
        since = now.astimezone(UTC).replace(second=0, microsecond=0)
        with self._lock:
            caller, count = tally.of(caller, since)
            share = count.take(tally.rule.a_minute)
            is_news = share is None and not count.is_refused
            count.is_refused |= share is None
        if share is None:
            self._refuse(tally.rule, since + MINUTE - now, is_news=is_news)
        row = {"caller": caller, "since": since}
        while share:
            share = self._settle(tally.rule, count, share, row)

    def _refuse(self, rule: _Rule, left: timedelta, *, is_news: bool) -> None:
        self._tell(rule.kind)
        if is_news:
            log.warning("requests_refused", counted_by=rule.kind, limit=rule.a_minute)
        said = f"at most {rule.a_minute} requests a minute {rule.whose}"
        raise TooManyError(said, max(1, math.ceil(left.total_seconds())))

    def _settle(self, rule: _Rule, count: _Count, share: int, row: Mapping[str, Any]) -> int:
        """Add a share to the table; returns the next one, where so much came meanwhile.

        Where it fails it is added with the next one.
        """
        total = None
        try:
            with self._database.transaction() as session:
                total = session.scalar(_ADD.of(session), {**row, "count": share})
        except SQLAlchemyError as error:
            log.warning("requests_not_settled", reason=reason_of(error))
        with self._lock:
            count.hear(share, total)
            count.is_settling = False
            return 0 if total is None else count.share(rule.a_minute)


def prune(session: Session, now: datetime) -> None:
    """Forget the counts of minutes that are long over."""
    session.execute(delete(request_counts).where(_COLUMNS.since < now - KEPT_FOR))
