"""A matcher at a desk: wired on a database, told events and requests, ticked by hand."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import select
from werkzeug.test import TestResponse

from contracts.codec import Envelope, encode
from contracts.events import Event, lifecycle
from contracts.events.lifecycle import AttemptOpened
from contracts.events.routing import TOPIC_OF
from contracts.events.snapshot import Facts, Holder, LiveOffer, OpenAttempt, Snapshot
from contracts.topics import Service
from contracts.vocabulary import Need, OfferState, ReferralState, Role, Sector, Urgency
from services.chassis import migrations
from services.chassis.actor import Actor
from services.chassis.event_log import Record
from services.chassis.keys import MasterKeys
from services.chassis.platform import Platform
from services.chassis.service import WiredService
from services.chassis.settings import Mode, Settings
from services.chassis.tokens import Tokens, create_key_file, read_keys
from services.matcher.app import build
from services.matcher.domain.decision import Decision
from services.matcher.domain.policy import FRESH, Policy
from services.matcher.settings import MatcherSettings
from services.matcher.store import capacity, decisions, requests
from services.matcher.tables import ReservationRow
from services.matcher.usecases.replay_journal import differences
from tests.ports.samples import NOON, StillClock, events_of

ALLOWANCE: Final = timedelta(seconds=60)
ADMIN: Final = Actor(subject="admin-al", role=Role.ADMIN)
COORDINATOR: Final = Actor(subject="coordinator-cy", role=Role.COORDINATOR)
OFFICER: Final = Actor(subject="officer-ann", role=Role.OFFICER, unit_id="central")
HERE: Final = "87275b610ffffff"


def partner(agency_id: str) -> Actor:
    """Somebody who works at an agency."""
    return Actor(subject=f"desk@{agency_id}", role=Role.PARTNER, agency_id=agency_id)


def tables(**available: int | None) -> dict[str, list[dict[str, str | None]]]:
    """A directory of shelters, one agency each: name -> places stated (None = no statement)."""
    found: dict[str, list[dict[str, str | None]]] = {}
    for name, places in available.items():
        rows: dict[str, dict[str, str | None]] = {
            "organizations": {"id": name, "name": name.title()},
            "services": {
                "id": f"{name}-beds",
                "organization_id": name,
                "name": f"{name.title()} beds",
                "status": "active",
            },
            "attributes": {
                "id": f"{name}-need",
                "link_id": f"{name}-beds",
                "link_entity": "service",
                "taxonomy_term_id": "need:emergency_shelter",
            },
            "service_capacity": {
                "id": f"{name}-room",
                "service_id": f"{name}-beds",
                "available": str(places),
                "updated": "2027-02-28T12:00:00Z",
            },
        }
        if places is None:
            del rows["service_capacity"]
        for table, row in rows.items():
            found.setdefault(table, []).append(row)
    return found


def submitted(referral_id: UUID | None = None, **facts: Any) -> Snapshot:
    """A referral with attempt 1 open."""
    return Snapshot(
        referral_id=referral_id or uuid4(),
        reference="7QK4-M2XD",
        unit_id="central",
        state=ReferralState.ROUTING,
        submitted_at=facts.pop("submitted_at", NOON),
        facts=replace(
            Facts(
                sector=Sector.HOUSING,
                need=Need.EMERGENCY_SHELTER,
                urgency=Urgency.URGENT,
            ),
            **facts,
        ),
        open_attempt=OpenAttempt(number=1, opened_at=NOON),
    )


def attempt(before: Snapshot, number: int, **changes: Any) -> Snapshot:
    """The next attempt is open and nothing else is."""
    program = changes.pop("by_hand", None)
    opened = OpenAttempt(number=number, opened_at=NOON, program_id=program)
    return replace(before, open_attempt=opened, live_offers=(), holder=None, **changes)


def offered(before: Snapshot, *programs: str, over_capacity: bool = False) -> Snapshot:
    """The attempt is closed, and these programs have an offer each."""
    number = before.open_attempt.number if before.open_attempt else 1
    live = tuple(
        LiveOffer(
            offer_id=uuid4(),
            program_id=program,
            agency_id=program.partition("-")[0],
            attempt=number,
            state=OfferState.OPEN,
            deadline_at=NOON,
            over_capacity=over_capacity,
        )
        for program in programs
    )
    return replace(before, open_attempt=None, live_offers=live)


def held(before: Snapshot, program: str, accepted_at: Any = NOON) -> Snapshot:
    """A program accepted."""
    holder = Holder(
        offer_id=uuid4(),
        program_id=program,
        agency_id=program.partition("-")[0],
        accepted_at=accepted_at,
        over_capacity=any(o.over_capacity for o in before.live_offers if o.program_id == program),
    )
    return replace(before, open_attempt=None, live_offers=(), holder=holder)


def ended(before: Snapshot) -> Snapshot:
    """Nothing is open, live or held."""
    return replace(before, open_attempt=None, live_offers=(), holder=None)


@dataclass(slots=True)
class Desk:
    """The matcher, its clock, and the numbers of the streams that it was told."""

    wired: WiredService
    platform: Platform
    clock: StillClock
    seqs: dict[UUID, int] = field(default_factory=dict)

    def call(
        self, who: Actor, method: str, path: str, body: object = None, **headers: str
    ) -> TestResponse:
        """One request with the caller's token."""
        token = self.platform.tokens.issue(who, self.clock.now())
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.wired.app.test_client().open(
            path, method=method, json=body, headers={"Authorization": f"Bearer {token}", **named}
        )

    def bring(self, given: dict[str, Any], **options: Any) -> TestResponse:
        """Import a directory."""
        body = {"tables": given, "time_zone": "America/Chicago", **options}
        return self.call(ADMIN, "POST", "/v1/directory/imports", body)

    def opened(self, **available: int | None) -> "Desk":
        """The desk with a directory of shelters."""
        response = self.bring(tables(**available))
        assert response.status_code == 200, response.text
        return self

    def state(self, program: str, available: int, **more: Any) -> TestResponse:
        """The agency of a program states its places, on the newest version."""
        path, who = f"/v1/programs/{program}/capacity", partner(program.partition("-")[0])
        version = self.call(who, "GET", path).headers["ETag"]
        return self.call(who, "PUT", path, {"available": available, **more}, If_Match=version)

    def hear(self, *snapshots: Snapshot) -> None:
        """Take each snapshot as the newest lifecycle event of its referral."""
        for snapshot in snapshots:
            seq = self.seqs[snapshot.referral_id] = self.seqs.get(snapshot.referral_id, 0) + 1
            self.hear_event(AttemptOpened(snapshot=snapshot), snapshot.referral_id, seq)

    def hear_event(self, event: Event, referral_id: UUID, seq: int) -> None:
        """Take one event through the inbox."""
        envelope = Envelope(
            id=uuid4(),
            topic=lifecycle.TOPIC,
            key=str(referral_id),
            seq=seq,
            time=self.clock.now(),
            event=event,
        )
        with self.wired.database.transaction() as session:
            record = Record(0, seq, encode(envelope))
            self.wired.inboxes[0].take(session, [record], self.clock.now())

    def decide(self) -> int:
        """Let the decider work until nothing is due; returns how many requests it looked at."""
        job = next(job for job in self.wired.jobs if job.name == "decide")
        looked = 0
        while worked := job.tick():
            looked += worked
        assert self.wired.due(job.name) == 0
        return looked

    def answers(self, snapshot: Snapshot) -> list[Event]:
        """What was published about a referral, oldest first."""
        topic = TOPIC_OF[snapshot.facts.sector]
        with self.wired.database.transaction() as session:
            return events_of(session, topic, str(snapshot.referral_id))

    def kinds(self, snapshot: Snapshot) -> list[str]:
        """The kinds of what was published about a referral."""
        return [type(event).__name__ for event in self.answers(snapshot)]

    def decisions(self) -> list[Decision]:
        """Every decision that is kept."""
        with self.wired.database.transaction() as session:
            return list(decisions.every(session))

    def holds(self, snapshot: Snapshot) -> list[str]:
        """The programs where the referral holds a place."""
        with self.wired.database.transaction() as session:
            request = requests.lock(session, snapshot.referral_id)
            return [hold.program_id for hold in request.holds] if request else []

    def all_holds(self) -> list[tuple[UUID, str]]:
        """Every place that is held: by which referral, and of which program."""
        held = select(ReservationRow.referral_id, ReservationRow.program_id)
        with self.wired.database.transaction() as session:
            return [(row.referral_id, row.program_id) for row in session.execute(held)]

    def free(self, program: str) -> int:
        """Free places, as the coordinator reads them."""
        path = f"/v1/programs/{program}/capacity"
        found: int = self.call(COORDINATOR, "GET", path).get_json()["free"]
        return found

    def taken(self, program: str) -> int:
        """Taken places, as stored."""
        with self.wired.database.transaction() as session:
            return capacity.stated(session, [program])[program].taken

    def replayed(self, first: Policy = FRESH) -> list[UUID]:
        """The decisions that come out otherwise when the journal is replayed."""
        with self.wired.database.transaction() as session:
            return differences(session, first)


@contextmanager
def open_desk(home: Path, database: str | None = None) -> Iterator[Desk]:
    """A matcher on a folder of its own; on a SQLite file in it, or a migrated database."""
    desk = _wired(home, database)
    if database is None:
        migrations.upgrade(desk.wired.database, Service.MATCHER)
    try:
        yield desk
    finally:
        desk.wired.close()


class Desks:
    """Matchers that serve one test after another: to wire one takes longer than most tests.

    A matcher knows what its database tells it, so one whose database was put back is as good as
    new, but for ``on_publish`` and the hour when it last pruned.
    """

    def __init__(self, folder: Path) -> None:
        """Migrates a SQLite file, to copy."""
        self._folder = folder
        with open_desk(folder / "migrated") as first:
            self._migrated = first.platform.settings.data
        self._used: dict[str | None, Desk] = {}

    @contextmanager
    def desk(self, database: str | None = None) -> Iterator[Desk]:
        """A matcher with an empty directory: on a SQLite file, or a database as it was migrated."""
        if database not in self._used:
            self._used[database] = _wired(self._folder / str(len(self._used)), database)
        used = self._used[database]
        desk = Desk(used.wired, used.platform, used.clock)
        desk.clock.moment = NOON
        if database is None:
            shutil.rmtree(desk.platform.settings.data)
            shutil.copytree(self._migrated, desk.platform.settings.data)
        try:
            yield desk
        finally:
            desk.wired.close()


def _wired(home: Path, database: str | None) -> Desk:
    platform = _platform(home, database)
    clock = platform.clock
    assert isinstance(clock, StillClock)
    wired = build(platform, MatcherSettings(capacity_allowance=ALLOWANCE))
    return Desk(wired, platform, clock)


def _platform(home: Path, database: str | None) -> Platform:
    settings = Settings(
        home=home,
        keys=home / "keys",
        mode=Mode.DEMO,
        settable_clock=True,
        log_level="info",
        host="127.0.0.1",
        port=0,
        threads=16,
        issuer="handoff",
        audience="handoff",
        databases={} if database is None else {Service.MATCHER: database},
    )
    settings.data.mkdir(parents=True)
    create_key_file(settings.keys / "tokens.json", "one")
    MasterKeys.create_file(settings.keys / "master.json", "one")
    return Platform(
        settings=settings,
        clock=StillClock(),
        tokens=Tokens(read_keys(settings.keys / "tokens.json"), "handoff", "handoff"),
        masters=MasterKeys.read(settings.keys / "master.json"),
    )
