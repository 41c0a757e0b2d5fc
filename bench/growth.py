"""Growth: what a referral costs where 10^4, 10^5 and 10^6 are stored already."""

from collections.abc import Callable
from contextlib import closing
from typing import Any, Final

import psycopg

from bench.figure import Figure, Measure, at_most, by_round, exponent
from bench.run import Run
from bench.spent import own_s, processor_s
from bench.stage import OFFICER, Inside, Stage, a_submission, open_stage
from contracts.topics import Service
from services.chassis.settings import KEY_STORE

SIZES: Final = (10_000, 100_000, 1_000_000)
QUICK: Final = (1_000, 10_000, 100_000)
YARDSTICK: Final = "the yardstick"
UNIT: Final = "µs of processor"
GOAL: Final = 0.1
REFERRALS: Final = "/v1/referrals"
# Where a copied row is not to be like its model: those stored are over, and were sent.
_DIFFERS: Final = {
    ("referrals", "reference"): "'R' || lpad(to_hex(n), 8, '0')",
    ("referrals", "state"): "'closed'",
    ("referrals", "attempt_open"): "false",
    ("referrals", "review_at"): "NULL",
    ("referrals", "compare_at"): "NULL",
    ("idempotency", "key"): "md5(n::text)",
}
# A referral's id in the order of submission, as ids are, and older than any that is made now.
_ID: Final = "('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))"
_TABLES: Final = (
    "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'"
    " AND tablename NOT IN ('alembic_version', 'outbox') ORDER BY tablename"
)
_COLUMNS: Final = (
    "SELECT column_name, data_type, column_default LIKE 'nextval%%' OR is_identity = 'YES'"
    " FROM information_schema.columns WHERE table_schema = 'public' AND table_name = %s"
    " ORDER BY ordinal_position"
)
_SENT: Final = (
    "INSERT INTO outbox (position, published_at) SELECT position, now() FROM history"
    " WHERE position > coalesce((SELECT max(position) FROM outbox), 0)"
)


def measure(run: Run) -> Figure:
    """Processor time of a submission, a list's page and a read, at each size."""
    found: dict[tuple[str, int], list[float]] = {}
    sizes = QUICK if run.quick else SIZES
    with open_stage(run.folder) as stage:
        with stage.service(Service.REFERRAL_API) as inside:
            model = inside.call(OFFICER, "POST", REFERRALS, a_submission())["referral_id"]
        stored = 1
        for size in sizes:
            _fill(stage, model, stored, size)
            stored = size
            with stage.service(Service.REFERRAL_API) as inside:
                _rounds(found, run, (stage, inside), size)
    return _figure({key: tuple(values) for key, values in found.items()}, sizes)


def _rounds(
    found: dict[tuple[str, int], list[float]], run: Run, where: tuple[Stage, Inside], size: int
) -> None:
    stage, inside = where
    made = inside.call(OFFICER, "POST", REFERRALS, a_submission())["referral_id"]
    asked: dict[str, Callable[[], object]] = {
        "a submission": lambda: inside.call(OFFICER, "POST", REFERRALS, a_submission()),
        "a page of the list": lambda: inside.call(OFFICER, "GET", f"{REFERRALS}?limit=20"),
        "a read": lambda: inside.call(OFFICER, "GET", f"{REFERRALS}/{made}"),
    }
    count = run.size(40, 200)
    for ask in asked.values():
        ask()
    for _ in range(run.rounds):
        found.setdefault((YARDSTICK, size), []).append(_spent(stage, _reckon, count))
        for what, ask in asked.items():
            found.setdefault((what, size), []).append(_spent(stage, ask, count))


def _spent(stage: Stage, work: Callable[[], object], count: int) -> float:
    """Microseconds of processor, here and in PostgreSQL, each time that something is done."""
    pids = [stage.postgres.pid]
    began = own_s() + processor_s(pids)
    for _ in range(count):
        work()
    return 1e6 * (own_s() + processor_s(pids) - began) / count


def _reckon() -> int:
    """Work that has nothing to do with what is stored: what it costs says how fast we run now."""
    return sum(len(str(number)) for number in range(20_000))


def _fill(stage: Stage, model: str, stored: int, size: int) -> None:
    """Store copies of a referral, with all that belongs to it, until there are so many."""
    numbers = f"generate_series({stored}, {size - 1})"
    for store in (Service.REFERRAL_API.value, KEY_STORE):
        with closing(stage.superuser(store)) as server:
            # The rules were kept by the model: to check them again for each copy takes minutes.
            server.execute("SET session_replication_role = replica")
            for (table,) in server.execute(_TABLES).fetchall():
                _copy(server, table, model, numbers)
            if store != KEY_STORE:
                server.execute(_SENT)
            server.execute("VACUUM ANALYZE")


def _copy(server: psycopg.Connection[Any], table: str, model: str, numbers: str) -> None:
    columns = [row for row in server.execute(_COLUMNS, (table,)).fetchall() if not row[2]]
    names = ", ".join(f'"{name}"' for name, *_ in columns)
    values = ", ".join(_value(table, name, kind, model) for name, kind, _ in columns)
    server.execute(
        f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} t, {numbers} n"  # noqa: S608 - names of our own
        f" WHERE t::text LIKE '%{model}%' ON CONFLICT DO NOTHING"
    )


def _value(table: str, name: str, kind: str, model: str) -> str:
    """How a column of a copy is made of the model's."""
    column = f't."{name}"'
    if (table, name) in _DIFFERS:
        return _DIFFERS[table, name]
    if kind == "uuid":
        return f"CASE WHEN {column} = '{model}' THEN {_ID}::uuid ELSE gen_random_uuid() END"
    if kind in {"text", "character varying"}:
        return f"replace({column}, '{model}', {_ID})"
    if kind in {"json", "jsonb"}:
        # A copy that still named the model would itself be copied by the next filling.
        return f"replace({column}::text, '{model}', {_ID})::{kind}"
    return column


def _figure(found: dict[tuple[str, int], tuple[float, ...]], sizes: tuple[int, ...]) -> Figure:
    things = list(dict.fromkeys(what for what, _ in found))
    measures = [
        Measure(f"{what}, {size:,} stored", UNIT, found[what, size], floor=what == YARDSTICK)
        for what in things
        for size in sizes
    ]
    verdicts = []
    for what in things[1:]:
        costs = [by_round(found[what, size], found[YARDSTICK, size]) for size in sizes]
        verdicts.append(at_most(f"exponent of {what}", exponent(sizes, costs), GOAL))
    notes = (
        "Processor time is of the service, asked without a socket, and of PostgreSQL.",
        "Exponents are of the cost to that of the yardstick, fixed reckoning in the same round.",
    )
    title = "Growth: the cost of a referral by how many are stored"
    return Figure("growth", title, tuple(measures), tuple(verdicts), notes)
