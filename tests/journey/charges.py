"""Kills at failpoints: which are planned, and how they are set and seen in a running suite."""

import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from signal import SIGKILL
from typing import Final

from contracts.topics import Consumer
from services.chassis.failpoints import MARK, Charge, Point
from services.local_servers.waiting import wait_until
from tests.journey.production_column import Production

SUBMIT: Final = "referrals.referrals_submit_referral"
ACCEPT: Final = "offers.offers_accept_offer"
DECLINE: Final = "offers.offers_decline_offer"
PERSON: Final = "offers.offers_read_person"
REVOKE: Final = "consents_of_referrals.consents_revoke_consent"
WEB: Final = "referral_api.web"
# Until a charge that is sure to be reached has fired, and until everybody is back.
FIRED_S: Final = 180.0
BACK_S: Final = 120.0
# Between two kills of a gunicorn's workers, so that the port is served in between.
WEB_PAUSE_S: Final = 1.5
# How many statements a request or a tick has at least; beyond them a charge may never be reached.
MOST_STATEMENTS: Final = 12


def _flow(name: str, *points: Point | tuple[Point, int]) -> list[Charge]:
    """The charges of one flow; without a number, at the first passing."""
    pairs = (point if isinstance(point, tuple) else (point, 1) for point in points)
    return [Charge(name, point, passing) for point, passing in pairs]


def _consumer(name: Consumer, statement: int) -> list[Charge]:
    return _flow(
        f"{name}.consumer",
        Point.CONSUMER_POLLED,
        (Point.STATEMENT_DONE, statement),
        Point.CONSUMER_HANDLED,
        Point.CONSUMER_COMMITTED,
        Point.CONSUMER_ACKNOWLEDGED,
    )


def _relay(service: str) -> list[Charge]:
    return _flow(f"{service}.relay", Point.RELAY_READ, Point.RELAY_SENT, Point.RELAY_MARKED)


_REQUEST: Final = (
    Point.REQUEST_CLAIMED,
    (Point.STATEMENT_DONE, 6),
    Point.REQUEST_WRITTEN,
    Point.TRANSACTION_ANNOUNCED,
    Point.REQUEST_DONE,
)
# By process, in the order in which they are set: every flow of the design between all its steps.
PLAN: Final[Mapping[str, Sequence[Charge]]] = {
    WEB: [
        *_flow(SUBMIT, Point.PERSON_KEY_KEPT, (Point.TRANSACTION_COMMITTED, 2), *_REQUEST),
        *_flow(ACCEPT, *_REQUEST),
        *_flow(DECLINE, Point.REQUEST_WRITTEN),
        *_flow(REVOKE, (Point.TRANSACTION_COMMITTED, 1), *_REQUEST),
        *_flow(PERSON, Point.REQUEST_WRITTEN, Point.REQUEST_DONE),
    ],
    "referral_api.relay": _relay("referral_api"),
    "referral_api.worker": [
        *_consumer(Consumer.REFERRAL_API, 8),
        *_flow(f"{Consumer.REFERRAL_API}.consumer", Point.TRANSACTION_ANNOUNCED),
        *_flow(
            "referral_api.lapses",
            Point.TIMER_FOUND,
            (Point.STATEMENT_DONE, 6),
            (Point.TRANSACTION_WRITTEN, 2),
            (Point.TRANSACTION_COMMITTED, 2),
            Point.TRANSACTION_ANNOUNCED,
        ),
    ],
    "matcher.relay": _relay("matcher"),
    "matcher.worker": [
        *_consumer(Consumer.MATCHER, 8),
        *_flow(
            "matcher.decide",
            Point.DECIDER_TURNED,
            (Point.STATEMENT_DONE, 9),
            Point.DECIDER_DECIDED,
            Point.TRANSACTION_COMMITTED,
            Point.TRANSACTION_ANNOUNCED,
        ),
    ],
    "notifier.worker": [
        *_consumer(Consumer.NOTICES, 6),
        *_consumer(Consumer.OUTCOMES, 6),
        *_flow(
            "notifier.deliveries",
            Point.TRANSACTION_COMMITTED,
            Point.DELIVERY_CLAIMED,
            Point.DELIVERY_SENT,
            Point.DELIVERY_RECORDED,
        ),
        *_flow("notifier.reminders", Point.TRANSACTION_WRITTEN),
    ],
}


def some_of_them(kills: int, rng: Random) -> dict[str, list[Charge]]:
    """So many of the plan, at random, after any statement of a flow."""
    pairs = [(name, charge) for name, charges in PLAN.items() for charge in charges]
    chosen: dict[str, list[Charge]] = {name: [] for name in PLAN}
    for name, charge in rng.choices(pairs, k=kills):
        passing = charge.passing
        if charge.point is Point.STATEMENT_DONE:
            passing = rng.randint(1, MOST_STATEMENTS)
        chosen[name].append(Charge(charge.flow, charge.point, passing))
    return chosen


@dataclass(frozen=True, slots=True)
class Fired:
    """A charge that a process came to, and the process that it was the end of."""

    process: str
    charge: Charge
    pid: int


@dataclass(slots=True)
class Pipe:
    """The charges of one process, one after another."""

    process: str
    folder: Path
    left: deque[Charge]
    patience_s: float
    fired: list[Fired] = field(default_factory=list)
    never: list[Charge] = field(default_factory=list)
    _set: Charge | None = None
    _since: float = 0.0

    @property
    def done(self) -> bool:
        """Whether nothing is left, and nothing set."""
        return self._set is None and not self.left

    def look(self) -> None:
        """See whether what is set has fired, or never will; then set the next."""
        if self._set is not None:
            self._see(self._set)
        elif self.left and time.monotonic() - self._since >= self._pause_s:
            self._set, self._since = self.left.popleft(), time.monotonic()
            (self.folder / self._set.name).touch()

    @property
    def _pause_s(self) -> float:
        return WEB_PAUSE_S if self.process == WEB else 0.0

    def _see(self, charge: Charge) -> None:
        ends = list(self.folder.glob(f"{charge.name}{MARK}*"))
        if ends:
            self.fired.append(Fired(self.process, charge, int(ends[0].name.rpartition(MARK)[2])))
            ends[0].unlink()
        elif time.monotonic() - self._since < self.patience_s:
            return
        elif self._withdrawn(charge):
            self.never.append(charge)
        else:
            return  # it fires at this very moment
        self._set, self._since = None, time.monotonic()

    def _withdrawn(self, charge: Charge) -> bool:
        try:
            (self.folder / charge.name).unlink()
        except FileNotFoundError:
            return False
        return True


@dataclass(slots=True)
class Kills:
    """What came of a plan: who died where, and which charges nobody came to in time."""

    fired: list[Fired]
    never: list[Charge]


def kill(
    production: Production, plan: Mapping[str, Iterable[Charge]], patience_s: float = FIRED_S
) -> Kills:
    """Set every charge, those of different processes side by side; return when all are back.

    Asserts that every one who came to a charge died by SIGKILL, and that nobody else died.
    """
    folder = production.suite.settings.failpoints
    assert folder is not None
    folder.mkdir(exist_ok=True)
    pipes = [Pipe(name, folder, deque(charges), patience_s) for name, charges in plan.items()]
    before = {name: len(each.statuses) for name, each in production.suite.processes.items()}
    with _patient(production):
        most_s = patience_s * max(len(pipe.left) + 1 for pipe in pipes)
        assert wait_until(lambda: _all_done(production, pipes), most_s), "it takes too long"
        everybody = list(production.suite.processes)
        assert wait_until(lambda: _are_back(production, everybody), BACK_S), "somebody stays away"
    fired = [one for pipe in pipes for one in pipe.fired]
    _check_ends(production, fired, before)
    return Kills(fired, [charge for pipe in pipes for charge in pipe.never])


def _all_done(production: Production, pipes: Iterable[Pipe]) -> bool:
    """See how far each process is; whether all charges have fired, or never will."""
    assert production.suite.crew.failure is None, production.suite.crew.failure
    for pipe in pipes:
        pipe.look()
    return all(pipe.done for pipe in pipes)


def _are_back(production: Production, names: Sequence[str]) -> bool:
    alive = all(production.suite.processes[name].running for name in names)
    return alive and production.are_ready(names)


def _check_ends(production: Production, fired: Iterable[Fired], before: Mapping[str, int]) -> None:
    """A process of its own tells its starter how it ended, a worker of gunicorn its arbiter."""
    processes = production.suite.processes
    counted = dict.fromkeys(processes, 0)
    for one in fired:
        if one.process == WEB:
            said = f"(pid:{one.pid}) was sent SIGKILL".encode()
            assert processes[WEB].said(said), f"{one} did not die by SIGKILL"
        else:
            counted[one.process] += 1
    for name, process in processes.items():
        assert process.statuses[before[name] :] == [-SIGKILL] * counted[name], name


@contextmanager
def _patient(production: Production) -> Iterator[None]:
    """Let nobody be given up for dying often: that is what they are here for."""
    crew = production.suite.crew
    crew.settled_s, before = 0.0, crew.settled_s
    try:
        yield
    finally:
        crew.settled_s = before
