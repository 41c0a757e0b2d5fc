"""An office at work: the service on a folder of its own, its callers, and a matcher's hand."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import inspect, text
from sqlalchemy.orm import Session

from contracts.codec import Envelope, encode
from contracts.events.directory import TOPIC as DIRECTORY
from contracts.events.directory import ProgramPublished
from contracts.events.event import Event
from contracts.events.lifecycle import TOPIC as LIFECYCLE
from contracts.events.routing import TOPIC_OF, Choice, Deferred, Routed, Unplaced, Waitlisted
from contracts.vocabulary import SECTOR_OF, Need, Role, Sector
from services.chassis import audit, outbox
from services.chassis.actor import Actor
from services.chassis.clock import SettableClock
from services.chassis.database import Database
from services.chassis.event_log import Record
from services.chassis.jobs import Job
from services.chassis.keys import MasterKeys
from services.chassis.service import WiredService
from services.chassis.tokens import Tokens

START: Final = datetime(2027, 3, 1, 15, 0, tzinfo=UTC)
OFFICER: Final = Actor(subject="officer-ann", role=Role.OFFICER, unit_id="central")
# The same subject in another unit: two units may number their officers alike.
NAMESAKE: Final = Actor(subject="officer-ann", role=Role.OFFICER, unit_id="academy")
COLLEAGUE: Final = Actor(subject="officer-bo", role=Role.OFFICER, unit_id="central")
TRAINEE: Final = Actor(subject="officer-tim", role=Role.OFFICER, unit_id="academy")
COORDINATOR: Final = Actor(subject="coordinator-cy", role=Role.COORDINATOR)
ADMIN: Final = Actor(subject="admin-al", role=Role.ADMIN)
NEAR, FAR = (Actor(subject=f"desk@{a}", role=Role.PARTNER, agency_id=a) for a in ("near", "far"))

# Words that occur nowhere else: none may stand in the clear outside the sealed bytes.
CANARIES: Final = {
    "name": "Zyxwine Quillfeather",
    "phone": "+1 555 8675309",
    "email": "quillfeather@example.org",
    "where_to_find": "under the ferrywharf lamp",
    "safe_contact_note": "brother named Obadiah answers",
}
STREAMS: Final = f"SELECT key FROM stream_heads WHERE topic = '{LIFECYCLE}'"  # noqa: S608


def submission(**changes: Any) -> dict[str, Any]:
    """A complete submission; ``person`` is merged, everything else replaces."""
    person = {
        **CANARIES,
        "safe_contact": "no_voicemail",
        "language": "es",
        "age": 34,
        "household_size": 2,
        "accommodations": ["pets"],
    }
    body: dict[str, Any] = {
        "encounter_id": str(uuid4()),
        "need": "emergency_shelter",
        "urgency": "urgent",
        "entry_door": "social_contact",
        "voluntary": True,
        "person": person | changes.pop("person", {}),
        "place": {"latitude": 41.801234, "longitude": -90.204321},
        "preferred_programs": ["near-beds"],
        "avoided_programs": ["grim-beds"],
        "note": "sleeps in the gazebo of the arboretum",
        "consent": {"scope": "all_stated", "given_by": "self", "method": "spoken"},
    }
    return body | changes


@dataclass(slots=True)
class Office:
    """The service under test, called over HTTP and fed with events."""

    service: WiredService
    clock: SettableClock
    tokens: Tokens
    masters: MasterKeys
    home: Path
    behind: Database
    key_store: Database
    _sent: Counter[tuple[str, str]] = field(default_factory=Counter)

    def anew(self, jobs: Sequence[Job]) -> "Office":
        """The same service for another test, as far as it had heard when it was opened."""
        return replace(self, service=replace(self.service, jobs=jobs), _sent=Counter(self._sent))

    def call(self, who: Actor, method: str, path: str, body: object = None, **headers: str) -> Any:
        """The response to one request with a fresh token."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        token = self.tokens.issue(who, self.clock.now())
        named["Authorization"] = f"Bearer {token}"
        return self.service.app.test_client().open(path, method=method, json=body, headers=named)

    def ok(self, who: Actor, method: str, path: str, body: object = None, **headers: str) -> Any:
        """The body of a request that must succeed."""
        answer = self.call(who, method, path, body, **headers)
        assert answer.status_code < 300, answer.text
        return answer.json

    def refused(self, who: Actor, method: str, path: str, body: object = None) -> int:
        """The status of a request that must not succeed, and must be a problem."""
        answer = self.call(who, method, path, body)
        assert answer.status_code >= 400
        assert answer.content_type == "application/problem+json"
        return int(answer.status_code)

    def submit(self, who: Actor = OFFICER, **changes: Any) -> str:
        """Submit a referral and return its id."""
        key = str(uuid4())
        body = submission(**changes)
        return str(self.ok(who, "POST", "/v1/referrals", body, Idempotency_Key=key)["referral_id"])

    def seen(self, referral_id: str) -> Any:
        """The referral as the coordinator sees it."""
        return self.ok(COORDINATOR, "GET", f"/v1/referrals/{referral_id}")

    def step(self, who: Actor, offer_id: str, name: str, body: object = None) -> Any:
        """Take a step on an offer that must succeed."""
        return self.ok(who, "POST", f"/v1/offers/{offer_id}/{name}", body or {})

    def offered(self, *programs: str, **changes: Any) -> tuple[str, list[str]]:
        """A new referral that is offered to these programs: its id and the offers'."""
        asked = programs or ("near-beds",)
        referral_id = self.submit(**changes)
        self.route(referral_id, *asked)
        made = {o["program_id"]: o["offer_id"] for o in self.seen(referral_id)["offers"]}
        return referral_id, [made[program] for program in asked]

    def route(self, referral_id: str, *programs: str, attempt: int = 0, version: int = 1) -> None:
        """The matcher proposes programs, for the open attempt where none is said."""
        choices = tuple(
            Choice(
                program_id=program,
                agency_id=program.partition("-")[0],
                directory_version=version,
            )
            for program in programs
        )
        self.propose(Routed, referral_id, attempt, choices=choices)

    def propose(
        self,
        kind: type[Routed | Deferred | Waitlisted | Unplaced],
        referral_id: str,
        attempt: int = 0,
        **fields: Any,
    ) -> None:
        """The matcher answers an attempt, on the topic of the sector."""
        seen = self.seen(referral_id)
        proposal = kind(
            referral_id=UUID(referral_id),
            attempt=attempt or seen["attempt"],
            decision_number=1,
            decision_id=uuid4(),
            **fields,
        )
        topic = TOPIC_OF[Sector(SECTOR_OF[Need(seen["need"])])]
        self.hear(topic, referral_id, proposal)

    def publish_program(self, program_id: str, version: int = 1, **fields: Any) -> None:
        """The matcher publishes an entry of its directory."""
        agency = program_id.partition("-")[0]
        entry = ProgramPublished(
            program_id=program_id,
            agency_id=agency,
            version=version,
            name=program_id.title(),
            agency_name=agency.title(),
            sector=Sector.HOUSING,
            needs=fields.pop("needs", (Need.EMERGENCY_SHELTER,)),
            time_zone="America/Chicago",
            **fields,
        )
        self.hear(DIRECTORY, program_id, entry)

    def hear(self, topic: str, key: str, event: Event) -> None:
        """Give the service's consumer the next message of a key."""
        self._sent[topic, key] += 1
        envelope = Envelope(
            id=uuid4(),
            topic=topic,
            key=key,
            seq=self._sent[topic, key],
            time=self.clock.now(),
            event=event,
        )
        with self.service.database.transaction() as session:
            record = Record(0, self._sent.total(), encode(envelope))
            self.service.inboxes[0].take(session, [record], self.clock.now())

    def pass_time(self, **by: float) -> None:
        """Move the clock on, and let every job finish what that brings."""
        self.clock.advance(timedelta(**by))
        self.run_jobs()

    def start_from_what_was_heard(self) -> None:
        """Number the next messages after those that the consumer has had."""
        for topic, key, seq in self.rows("SELECT topic, key, seq FROM inbox"):
            self._sent[topic, key] = seq

    def run_jobs(self) -> None:
        """Tick every job until none finds anything."""
        while sum(job.tick() for job in self.service.jobs):
            pass

    def events(self, referral_id: str) -> list[str]:
        """The short names of what was published of a referral, in order."""
        return [kind.split(".", 1)[1][:-3] for kind, _ in self.stream(referral_id)]

    def stream(self, referral_id: str) -> list[tuple[str, dict[str, Any]]]:
        """The type and payload of everything published of a referral; the chain must hold."""
        with self.service.database.transaction() as session:
            assert outbox.verify(session, LIFECYCLE, referral_id) == []
            return [(s.type, s.data) for s in outbox.stream(session, LIFECYCLE, referral_id)]

    def check_chains(self) -> None:
        """Every stream and every referral's audit must hold."""
        with self.service.database.transaction() as session:
            for referral_id in session.scalars(text(STREAMS)).all():
                assert outbox.verify(session, LIFECYCLE, referral_id) == []
                assert audit.verify_subject(session, f"referral:{referral_id}") == []

    def snapshot(self, referral_id: str) -> dict[str, Any]:
        """The snapshot of the last event."""
        last: dict[str, Any] = self.stream(referral_id)[-1][1]["snapshot"]
        return last

    def rows(self, query: str) -> list[Any]:
        """What a query finds."""
        with self.service.database.transaction() as session:
            return list(session.execute(text(query)).all())

    def keys_kept(self) -> int:
        """How many persons' keys the key store holds."""
        with self.key_store.transaction() as session:
            return int(session.scalar(text("SELECT count(*) FROM person_keys")) or 0)

    def destroy_keys(self) -> None:
        """Destroy every person's key, as erasing does."""
        with self.key_store.transaction() as session:
            session.execute(text("DELETE FROM person_keys"))

    def plant(self, statement: str) -> None:
        """Change the database behind the service's back, as the owner of its tables."""
        with self.behind.transaction() as session:
            session.execute(text(statement))

    def plant_unchecked(self, table: str, check: str, change: str) -> None:
        """Change every row of a table in a way that one of its checks forbids."""
        postgres, pragma = self.behind.on_postgres, "PRAGMA ignore_check_constraints"
        with self.behind.transaction() as session:
            run = session.connection().exec_driver_sql
            run(f"ALTER TABLE {table} DROP CONSTRAINT {check}" if postgres else f"{pragma} = ON")
            run(f"UPDATE {table} SET {change}")  # noqa: S608
            if not postgres:
                run(f"{pragma} = OFF")

    def clear_text(self, words: list[str]) -> list[str]:
        """Which words stand in the clear in which table."""
        found = []
        with self.service.database.transaction() as session:
            for table in inspect(session.connection()).get_table_names():
                rows = session.execute(text(f'SELECT * FROM "{table}"')).all()  # noqa: S608
                content = "\n".join(str(value) for row in rows for value in row)
                found += [f"{word} in {table}" for word in words if word in content]
        return found

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A transaction on the service's database."""
        with self.service.database.transaction() as session:
            yield session

    def close(self) -> None:
        """Close every connection."""
        self.service.close()
        for database in (self.key_store, self.behind):
            database.close()
