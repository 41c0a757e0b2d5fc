"""The engine of a PostgreSQL database: its pool, its time limits, and whose rows it shows."""

import hashlib
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection, Engine, NullPool, Table, create_engine, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool

LOCK_TIMEOUT_S: Final = 5
STATEMENT_TIMEOUT_S: Final = 20
IDLE_TIMEOUT_S: Final = 60
CONNECT_TIMEOUT_S: Final = 5
SILENCE_S: Final = 10
POOL_TIMEOUT_S: Final = 10.0
# The setting that the row-level policies read: an agency, every one, or none and then no row.
# Each transaction says whose rows it needs (Database.transaction); a connection by itself has none.
AGENCY: Final = "handoff.agency"
EVERY_AGENCY: Final = "*"
NO_AGENCY: Final = ""
# Whoever takes a cut through several databases (cut.py) holds the gate of each for a moment, alone.
_AS_AGENCY: Final = text(
    "SELECT set_config('handoff.agency', :agency, true), pg_advisory_xact_lock_shared(:gate)"
)
_SERVER_TIME: Final = text("SELECT clock_timestamp()")


def pooled_engine(url: str, connections: int) -> Engine:
    """At most so many connections of this process, each asked for a sign of life when taken."""
    return create_engine(
        url,
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_S,
        pool_pre_ping=True,
        connect_args=_arguments(statement_timeout_s=STATEMENT_TIMEOUT_S),
    )


def lasting_engine(url: str) -> Engine:
    """Connections outside of any pool that may be idle for ever: for locks and for listening."""
    return create_engine(
        url,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        connect_args=_arguments(statement_timeout_s=0),
    )


def show_only(on: Session | Connection, agency_id: str) -> None:
    """Until this transaction ends, the policies show rows of this agency and of no other.

    It is how every transaction begins, and with it each passes the gate of its database.
    """
    on.execute(_AS_AGENCY, {"agency": agency_id, "gate": GATE})


def show_every_agency(on: Session | Connection) -> None:
    """Until this transaction ends, the policies show the rows of every agency."""
    show_only(on, EVERY_AGENCY)


def keep_writers_out(session: Session, table: Table) -> None:
    """Wait for every transaction that wrote to the table or locked its rows.

    Until this one ends, nobody else does either.

    On SQLite nothing is to be done: a transaction is alone from its first line.
    """
    if _speaks_to_postgres(session):
        session.execute(text(f"LOCK TABLE {table.name} IN EXCLUSIVE MODE"))


def enter_as_writer(session: Session, table: Table) -> None:
    """Let nobody keep writers out of the table until this transaction ends.

    On SQLite nothing is to be done: a transaction is alone from its first line.
    """
    if _speaks_to_postgres(session):
        session.execute(text(f"LOCK TABLE {table.name} IN ROW EXCLUSIVE MODE"))


def take_time(session: Session) -> None:
    """Let the statements of this transaction take their time: for one over a whole history."""
    if _speaks_to_postgres(session):
        session.execute(text("SET LOCAL statement_timeout = 0"))


def lock_number(name: str) -> int:
    """The number of a named advisory lock, the same in every process: PostgreSQL knows no names."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)


GATE: Final = lock_number("gate")


def take_long_turn(connection: Connection, name: str) -> None:
    """Wait, however long it takes, for whoever holds the named lock; held until the commit.

    The statements of this transaction may then take their time; for a table they wait no longer
    than usual, because everybody who comes after them waits with them.
    """
    for limit in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
        connection.execute(text(f"SET LOCAL {limit} = 0"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": lock_number(name)})
    connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_S}s'"))


class ServerTime:
    """Asks a PostgreSQL server for the time, on a connection of its own; not thread-safe."""

    def __init__(self, url: str) -> None:
        """Connects when it is first asked."""
        self._engine = lasting_engine(url)
        self._connection: Connection | None = None

    def now(self) -> datetime:
        """The server's time now, in UTC; raises OperationalError where it does not answer."""
        self._connection = self._connection or self._engine.connect()
        try:
            said: datetime = self._connection.execute(_SERVER_TIME).scalar_one()
        except Exception:
            self.close()
            raise
        return said.astimezone(UTC)

    def close(self) -> None:
        """Close the connection; the next question opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _speaks_to_postgres(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"


def _arguments(statement_timeout_s: int) -> dict[str, object]:
    limits = {
        "lock_timeout": f"{LOCK_TIMEOUT_S}s",
        "statement_timeout": f"{statement_timeout_s}s",
        "idle_in_transaction_session_timeout": f"{IDLE_TIMEOUT_S}s",
        # What the code relies on, whatever is set for the role or the database.
        "default_transaction_isolation": r"read\ committed",
        "TimeZone": "UTC",
        # A host that died without a word must not hold locks for hours: the server asks after it.
        "tcp_keepalives_idle": "5",
        "tcp_keepalives_interval": "2",
        "tcp_keepalives_count": "3",
        "tcp_user_timeout": f"{SILENCE_S}s",
        AGENCY: NO_AGENCY,
    }
    return {
        "connect_timeout": CONNECT_TIMEOUT_S,
        "application_name": "handoff",
        "client_encoding": "utf8",
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        # Keepalives say nothing while an answer is awaited; this does.
        "tcp_user_timeout": SILENCE_S * 1000,
        "options": " ".join(f"-c {name}={value}" for name, value in limits.items()),
    }
