"""Intake: a submission over HTTP, beside a route that does nothing and its own bare statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final

import psycopg

from bench.asking import as_fast_as_answered, posting
from bench.figure import Figure, Measure, at_most, by_round
from bench.run import Run
from bench.spent import own_s, processor_s, spending
from bench.stage import OFFICER, Stage, a_submission, open_stage
from bench.statements import Recorder, Statement, connections, replay
from contracts.topics import Service
from services.chassis.settings import KEY_STORE
from services.cli.load import quantile
from services.cli.pace import OpenSender, Plan, drive
from services.local_servers.ports import HOST, free_ports

APP: Final = "services.referral_api.wsgi:app"
REFERRALS: Final = "/v1/referrals"
AT_A_TIME: Final = 8
STORES: Final = (Service.REFERRAL_API.value, KEY_STORE)
GOAL: Final = 3.0
LOAD: Final = 0.6
# Of the no-op more are sent: each takes so little that few could not be timed.
MORE: Final = 5


@dataclass(slots=True)
class _Found:
    ours: list[float] = field(default_factory=list)
    nothing: list[float] = field(default_factory=list)
    statements: list[float] = field(default_factory=list)
    a_second: list[float] = field(default_factory=list)
    nothings_a_second: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    nothings_p99: list[float] = field(default_factory=list)


def measure(run: Run) -> Figure:
    """Processor time of a submission to that of its floor, and how long one takes."""
    count = run.size(150, 1000)
    with open_stage(run.folder) as stage:
        urls = {store: stage.copy(store) for store in STORES}
        sent = record(stage, run.rounds, run.size(60, 300))
        mine, other = free_ports(2)
        with (
            stage.web(APP, mine) as web,
            stage.web("bench.noop:app", other) as nothing,
            connections(urls) as bare,
            stage.service(Service.REFERRAL_API) as inside,
        ):
            found, token = _Found(), inside.token(OFFICER)
            body = a_submission()
            ours = posting(f"http://{HOST}:{mine}", REFERRALS, token, a_submission)
            floor = posting(f"http://{HOST}:{other}", "/v1/nothing", token, lambda: body)
            as_fast_as_answered(100, AT_A_TIME, ours)
            as_fast_as_answered(100, AT_A_TIME, floor)
            for statements in sent:
                _closed(found, "nothing", (floor, [nothing.pid]), count * MORE)
                _closed(found, "ours", (ours, [web.pid, stage.postgres.pid]), count)
                found.statements.append(_replayed(statements, bare, stage.postgres.pid))
                _paced(found, ours, floor, run.size(4, 20))
            _check(bare[STORES[0]], sum(map(len, sent)))
    return _figure(found)


def record(stage: Stage, rounds: int, count: int) -> list[list[list[Statement]]]:
    """The statements of submissions, for each round so many."""
    with stage.service(Service.REFERRAL_API) as inside:
        service = inside.service
        engines = [service.database.engine, *(store.engine for store in service.stores)]
        recorder = Recorder()
        kept: list[list[Statement]] = []
        with recorder.listening(dict(zip(STORES, engines, strict=True))):
            for _ in range(rounds * count):
                inside.call(OFFICER, "POST", REFERRALS, a_submission())
                kept.append(recorder.sent)
                recorder.sent = []
    return [kept[first : first + count] for first in range(0, len(kept), count)]


def _replayed(
    submissions: Sequence[Sequence[Statement]],
    bare: Mapping[str, psycopg.Connection[Any]],
    server: int,
) -> float:
    """Microseconds of processor, here and in the server, for the statements of a submission."""
    began = own_s() + processor_s([server])
    for one in submissions:
        replay(one, bare)
    return 1e6 * (own_s() + processor_s([server]) - began) / len(submissions)


def _check(floor: psycopg.Connection[Any], count: int) -> None:
    """Raise RuntimeError where the floor did not write what the submissions wrote."""
    row = floor.execute("SELECT count(*) FROM referrals").fetchone()
    if row is None or row[0] != count:
        raise RuntimeError(f"the floor wrote {row} of {count} referrals")


def _closed(found: _Found, what: str, of: tuple[OpenSender, Sequence[int]], count: int) -> None:
    sender, pids = of
    took: list[float] = []
    spent = spending(
        pids, lambda: took.append(as_fast_as_answered(count, AT_A_TIME, sender).took_s)
    )
    getattr(found, what).append(1e6 * spent / count)
    rate = found.a_second if what == "ours" else found.nothings_a_second
    rate.append(count / took[0])


def _paced(found: _Found, ours: OpenSender, floor: OpenSender, seconds: float) -> None:
    plan = Plan(LOAD * median(found.a_second), seconds, 64, warm_up_s=1)
    for sender, middle, last in (
        (floor, None, found.nothings_p99),
        (ours, found.p50, found.p99),
    ):
        ordered = sorted(result.seconds for result in drive(plan, sender).results)
        last.append(1000 * quantile(ordered, 0.99))
        if middle is not None:
            middle.append(1000 * quantile(ordered, 0.5))


def _figure(found: _Found) -> Figure:
    floors = [a + b for a, b in zip(found.nothing, found.statements, strict=True)]
    micro, milli = "µs of processor", "ms"
    measures = (
        Measure("a Flask route that does nothing", micro, tuple(found.nothing), floor=True),
        Measure("its bare statements, by psycopg", micro, tuple(found.statements), floor=True),
        Measure("a submission", micro, tuple(found.ours)),
        Measure("nothing", "requests/s", tuple(found.nothings_a_second), floor=True),
        Measure("submissions", "requests/s", tuple(found.a_second)),
        Measure("nothing at the same pace, p99", milli, tuple(found.nothings_p99), floor=True),
        Measure("submission at 60 % load, p50", milli, tuple(found.p50)),
        Measure("submission at 60 % load, p99", milli, tuple(found.p99)),
    )
    tail = median(found.p99) / median(found.p50)
    verdicts = (
        at_most("processor time, to the floors' sum", by_round(found.ours, floors), GOAL),
        at_most("p99 to p50 at 60 % load", tail, 5),
    )
    notes = (
        "Processor time is of web process, PostgreSQL and, for the bare statements, psycopg.",
        "A submission has authorisation, audit, consent and encryption in it.",
        "The load generator shares the cores: requests/s would be higher with one elsewhere.",
    )
    return Figure("intake", "Intake", measures, verdicts, notes)
