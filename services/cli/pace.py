"""Open-loop load: each request has its moment, whatever became of those before it."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Final

# A thread that slept is this late at worst on a machine that is not overloaded.
ON_TIME_S: Final = 0.02
_START_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Plan:
    """So many requests a second for so many seconds, at most so many of them at a time.

    The first ``warm_up_s`` are sent like the others and told of nowhere.
    """

    rate: float
    seconds: float
    in_flight: int
    warm_up_s: float = 0.0

    @property
    def count(self) -> int:
        """How many requests there are, the warming up included."""
        return max(1, round(self.rate * (self.seconds + self.warm_up_s)))

    @property
    def warming(self) -> int:
        """How many of them are not told of."""
        return min(round(self.rate * self.warm_up_s), self.count - 1)

    def moment(self, number: int) -> float:
        """When a request is to be sent, in seconds after the start."""
        return number / self.rate


@dataclass(frozen=True, slots=True)
class Result:
    """One thing that a request was for, and in how many seconds from its moment it was there.

    ``fault`` says why it was not.
    """

    kind: str
    seconds: float
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """What became of a plan: all results, and by how much each request was sent too late.

    ``took_s``: from the moment of the first that is told of to the last answer.
    """

    results: Sequence[Result]
    late_s: Sequence[float]
    took_s: float

    @property
    def behind(self) -> int:
        """How many requests were not sent on time."""
        return sum(late > ON_TIME_S for late in self.late_s)


# Sends one request: given what tells the seconds since its moment.
Send = Callable[[Callable[[], float]], Sequence[Result]]
# Each of those that send at a time has connections of its own, open while it is inside.
OpenSender = Callable[[], AbstractContextManager[Send]]


def drive(plan: Plan, open_sender: OpenSender) -> Course:
    """Send all requests of a plan, and return once each is answered; raises what a sender raises.

    Seconds are counted from the moment at which a request was to be sent: where the other side
    is slow, or all that may be in flight are, those who wait behind them are counted as waiting
    ("coordinated omission" would leave them out).
    """
    numbers = count()
    begin = time.monotonic() + _START_S

    def work() -> list[tuple[int, float, Sequence[Result]]]:
        done = []
        with open_sender() as send:
            while (number := next(numbers)) < plan.count:
                due = begin + plan.moment(number)
                time.sleep(max(0.0, due - time.monotonic()))
                late = time.monotonic() - due
                done.append((number, late, send(partial(_since, due))))
        return done

    senders = min(plan.in_flight, plan.count)
    with ThreadPoolExecutor(senders, thread_name_prefix="load") as pool:
        working = [pool.submit(work) for _ in range(senders)]
        found = [each for one in working for each in one.result()]
    told = [each for each in found if each[0] >= plan.warming]
    return Course(
        results=[result for _, _, results in told for result in results],
        late_s=[late for _, late, _ in told],
        took_s=time.monotonic() - begin - plan.moment(plan.warming),
    )


def _since(moment: float) -> float:
    return time.monotonic() - moment
