"""The tables that every service's database has: streams, outbox, inbox, audit, idempotency."""

from typing import Final

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from services.chassis.columns import Json, Sequence, UtcDateTime

NAMES: Final = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}

metadata: Final = MetaData(naming_convention=NAMES)

stream_heads: Final = Table(
    "stream_heads",
    metadata,
    Column("topic", String(64), primary_key=True),
    Column("key", String(80), primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
)

# ``digest`` is salted: erasing payload and salt leaves the chain whole and the facts unguessable.
history: Final = Table(
    "history",
    metadata,
    Column("position", Sequence, primary_key=True, autoincrement=True),
    Column("topic", String(64), nullable=False),
    Column("key", String(80), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("event_id", Uuid, nullable=False),
    Column("type", String(80), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("payload", Json),
    Column("salt", String(32)),
    Column("digest", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    UniqueConstraint("topic", "key", "seq"),
)

outbox: Final = Table(
    "outbox",
    metadata,
    Column("id", Sequence, primary_key=True, autoincrement=True),
    Column(
        "position",
        Sequence,
        ForeignKey("history.position"),
        nullable=False,
        unique=True,
    ),
    Column("published_at", UtcDateTime),
)
Index(
    "ix_outbox_unpublished",
    outbox.c.id,
    sqlite_where=outbox.c.published_at.is_(None),
    postgresql_where=outbox.c.published_at.is_(None),
)

inbox: Final = Table(
    "inbox",
    metadata,
    Column("consumer", String(64), primary_key=True),
    Column("topic", String(64), primary_key=True),
    Column("key", String(80), primary_key=True),
    Column("seq", Integer, nullable=False),
)

waiting: Final = Table(
    "waiting",
    metadata,
    Column("consumer", String(64), primary_key=True),
    Column("topic", String(64), primary_key=True),
    Column("key", String(80), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("headers", Json, nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", Sequence, nullable=False),
    Column("since", UtcDateTime, nullable=False),
)

parked: Final = Table(
    "parked",
    metadata,
    Column("consumer", String(64), primary_key=True),
    Column("topic", String(64), primary_key=True),
    Column("key", String(80), primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", Sequence, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("headers", Json, nullable=False),
    Column("value", LargeBinary, nullable=False),
)

quarantined: Final = Table(
    "quarantined",
    metadata,
    Column("consumer", String(64), primary_key=True),
    Column("topic", String(64), primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("offset", Sequence, primary_key=True, autoincrement=False),
    Column("reason", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

audit: Final = Table(
    "audit",
    metadata,
    Column("subject", String(120), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", String(120), nullable=False),
    Column("role", String(20), nullable=False),
    Column("tenant", String(80)),
    Column("action", String(60), nullable=False),
    Column("detail", Json, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)

# ``told`` is how many of them the figures have heard of.
refused_attempts: Final = Table(
    "refused_attempts",
    metadata,
    Column("unit_id", String(80), primary_key=True),
    Column("kind", String(20), primary_key=True),
    Column("since", UtcDateTime, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("told", Integer, nullable=False),
)

# Digests of subjects and of tokens' ids: whose tokens are refused, and issued until when.
ended_access: Final = Table(
    "ended_access",
    metadata,
    Column("access_id", String(64), primary_key=True),
    Column("ended_at", UtcDateTime, nullable=False),
    Column("for_ever", Boolean, nullable=False),
)

# Requests by caller (a digest, of a subject or of an address) and minute; see turnstile.py.
request_counts: Final = Table(
    "request_counts",
    metadata,
    Column("caller", String(64), primary_key=True),
    Column("since", UtcDateTime, primary_key=True),
    Column("count", Integer, nullable=False),
)
Index("ix_request_counts_since", request_counts.c.since)

idempotency: Final = Table(
    "idempotency",
    metadata,
    Column("caller", String(120), primary_key=True),
    Column("route", String(200), primary_key=True),
    Column("key", String(80), primary_key=True),
    Column("body_mac", String(64), nullable=False),
    Column("status", Integer),
    Column("headers", Json),
    Column("body", Json),
    Column("at", UtcDateTime, nullable=False),
)
Index("ix_idempotency_at", idempotency.c.at)
