"""Tells the life of a referral as the events that the notifier reads."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Final
from uuid import UUID, uuid5

from contracts.codec import Envelope, decode, encode, from_payload, payload
from contracts.events import Event, consents, directory, handoffs, lifecycle, tallies, type_of
from contracts.events import facts as added
from contracts.events.snapshot import Facts, Holder, LiveOffer, Snapshot
from contracts.questions import Question
from contracts.redaction import redacted
from contracts.vocabulary import (
    ContactMode,
    EntryDoor,
    HandoffKind,
    Need,
    OfferState,
    Outcome,
    Owner,
    Reason,
    ReferralState,
    RescindReason,
    Sector,
    Side,
    Urgency,
)
from services.chassis.event_log import Record

START: Final = datetime(2027, 3, 1, 15, 0, tzinfo=UTC)
OFFERED_FOR: Final = timedelta(hours=4)
_IDS: Final = UUID(int=0)
FACTS: Final = Facts(
    sector=Sector.HOUSING,
    need=Need.EMERGENCY_SHELTER,
    urgency=Urgency.URGENT,
    entry_door=EntryDoor.COMMUNITY,
    language="es",
    age=30,
)


def record(topic: str, key: str, seq: int, time: datetime, event: Event) -> Record:
    """The message of an event, as the log would hand it over."""
    ident = uuid5(_IDS, f"{topic}/{key}/{seq}")
    envelope = Envelope(id=ident, topic=topic, key=key, seq=seq, time=time, event=event)
    return Record(0, seq, encode(envelope))


def program(program_id: str, time_zone: str, version: int = 1) -> Record:
    """A directory entry."""
    event = directory.ProgramPublished(
        program_id=program_id,
        agency_id=program_id.partition("-")[0],
        version=version,
        name="Beds",
        agency_name="Harbour",
        sector=Sector.HOUSING,
        needs=(Need.EMERGENCY_SHELTER,),
        time_zone=time_zone,
    )
    return record(directory.TOPIC, program_id, version, START, event)


def said_no(seq: int, *, training: bool = False, unit: str = "central") -> Record:
    """A tally: help was offered, and not wanted."""
    event = tallies.OfferTallied(
        unit_id=unit,
        sector=Sector.HOUSING,
        need=Need.EMERGENCY_SHELTER,
        entry_door=EntryDoor.COMMUNITY,
        training=training,
    )
    return record(tallies.TOPIC, unit, seq, START, event)


def _redacted(told: Record) -> Record:
    """The message as it is sent again after an erasure."""
    envelope = decode(told.message)
    left = redacted(type_of(envelope.event).name, payload(envelope.event))
    assert left is not None
    event = from_payload(type_of(envelope.event).name, left)
    return Record(told.partition, told.offset, encode(replace(envelope, event=event)))


@dataclass(slots=True)
class Story:
    """One referral; every method lets something happen to it and keeps the event."""

    name: str = "robin"
    facts: Facts = FACTS
    now: datetime = START
    records: list[Record] = field(default_factory=list)
    snapshot: Snapshot = field(init=False)
    _offers: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.snapshot = Snapshot(
            referral_id=uuid5(_IDS, self.name),
            reference="7QK4-M2XD",
            unit_id="central",
            state=ReferralState.ROUTING,
            submitted_at=self.now,
            facts=self.facts,
        )

    @property
    def referral_id(self) -> UUID:
        """The referral's id."""
        return self.snapshot.referral_id

    @property
    def live(self) -> tuple[LiveOffer, ...]:
        """The offers that may still be accepted."""
        return self.snapshot.live_offers

    def wait(self, **by: float) -> "Story":
        """Let time pass."""
        self.now += timedelta(**by)
        return self

    def submitted(self) -> "Story":
        """It is submitted."""
        return self._tell(lifecycle.ReferralSubmitted, encounter_id=uuid5(_IDS, "e"))

    def offered(self, agency: str = "harbour", *, over_capacity: bool = False) -> "Story":
        """It is offered to an agency's program, for four hours."""
        offer = LiveOffer(
            offer_id=uuid5(self.referral_id, str(next(self._offers))),
            program_id=f"{agency}-beds",
            agency_id=agency,
            attempt=1,
            state=OfferState.OPEN,
            deadline_at=self.now + OFFERED_FOR,
            over_capacity=over_capacity,
        )
        self._now(state=ReferralState.OFFERED, live_offers=(*self.live, offer))
        told = {"attempt": 1, "deadline_at": offer.deadline_at, "over_capacity": over_capacity}
        return self._about(lifecycle.OfferMade, offer, **told)

    def accepted(self, *, on_behalf: bool = False) -> "Story":
        """The first live offer is accepted."""
        offer = self.live[0]
        holder = Holder(
            offer_id=offer.offer_id,
            program_id=offer.program_id,
            agency_id=offer.agency_id,
            accepted_at=self.now,
        )
        self._now(state=ReferralState.ACCEPTED, live_offers=self.live[1:], holder=holder)
        return self._about(lifecycle.OfferAccepted, holder, on_behalf=on_behalf)

    def declined(self, reason: Reason = Reason.NO_CAPACITY) -> "Story":
        """The first live offer is declined by the agency."""
        offer = self._end_first(ReferralState.ROUTING)
        said = {"reason": reason, "side": Side.PROVIDER}
        return self._about(lifecycle.OfferDeclined, offer, **said)

    def lapsed(self) -> "Story":
        """The first live offer was not answered."""
        return self._about(lifecycle.OfferLapsed, self._end_first(ReferralState.ROUTING))

    def rescinded(self) -> "Story":
        """The first live offer is taken back."""
        offer = self._end_first(ReferralState.ROUTING)
        return self._about(lifecycle.OfferRescinded, offer, reason=RescindReason.CORRECTED)

    def contacted(self) -> "Story":
        """The holder tries to reach the person."""
        how = {"mode": ContactMode.CALL, "reached": False, "attempted_at": self.now}
        return self._about(lifecycle.ContactAttempted, self.snapshot.holder, **how)

    def handed_over(self, kind: HandoffKind | None = None, **moments: datetime | None) -> "Story":
        """An officer records a handoff: everything as it stands now."""
        return self._tell(handoffs.ReferralHandedOver, handoff_kind=kind, **moments)

    def engaged(self) -> "Story":
        """The person and the program begin."""
        return self._about(lifecycle.OfferEngaged, self.snapshot.holder)

    def completed(self, outcome: Outcome = Outcome.SHELTERED) -> "Story":
        """The holder finishes; the referral is closed with the outcome."""
        self._now(state=ReferralState.CLOSED)
        self._about(lifecycle.OfferCompleted, self.snapshot.holder, outcome=outcome)
        return self._tell(lifecycle.ReferralClosed, outcome=outcome)

    def given_back(self, side: Side = Side.PROVIDER) -> "Story":
        """The holder cannot serve after all."""
        holder = self.snapshot.holder
        self._now(state=ReferralState.ROUTING, holder=None)
        said = {"reason": Reason.UNABLE_TO_CONTACT, "side": side}
        return self._about(lifecycle.OfferNotServed, holder, **said)

    def waitlisted(self) -> "Story":
        """Programs fit, none has room."""
        self._now(state=ReferralState.WAITLISTED)
        return self._tell(lifecycle.ReferralWaitlisted)

    def unplaced(self) -> "Story":
        """No program fits."""
        self._now(state=ReferralState.UNPLACED)
        return self._tell(lifecycle.ReferralUnplaced)

    def review(self, owner: Owner = Owner.COORDINATOR) -> "Story":
        """It waited too long."""
        return self._tell(lifecycle.ReviewDue, owner=owner, next_review_at=self.now)

    def corrected(self, **facts: Any) -> "Story":
        """Some of its facts were wrong."""
        self._now(facts=replace(self.snapshot.facts, **facts))
        return self._tell(lifecycle.ReferralCorrected, changed=tuple(facts))

    def answered(self, agency: str | None = None, **facts: Any) -> "Story":
        """Somebody answers a question: an agency, or an officer or coordinator."""
        self._now(facts=replace(self.snapshot.facts, **facts))
        return self._tell(added.FactAdded, questions=(Question.AGE,), agency_id=agency)

    def withdrawn(self) -> "Story":
        """The person takes it back."""
        self._now(state=ReferralState.WITHDRAWN, live_offers=(), holder=None)
        return self._tell(lifecycle.ReferralWithdrawn, reason=Reason.SELF_RESOLVED)

    def expired(self) -> "Story":
        """The consent ends by itself."""
        return self._tell(consents.ConsentExpired, version=2)

    def revoked(self) -> "Story":
        """The holder's person revokes; the holder is told, with four hours to acknowledge."""
        held = self.snapshot.holder
        self._now(state=ReferralState.WITHDRAWN, live_offers=(), holder=None)
        self._tell(consents.ConsentRevoked, version=2)
        due = {"deadline_at": self.now + OFFERED_FOR}
        return self._about(consents.RevocationIssued, held, **due)

    def overdue(self, held: Holder) -> "Story":
        """The agency has not acknowledged the revocation in time."""
        return self._about(consents.RevocationOverdue, held, deadline_at=self.now)

    def acknowledged(self, held: Holder) -> "Story":
        """The agency acknowledges the revocation."""
        return self._about(consents.RevocationAcknowledged, held)

    def erased(self, *holders: str) -> "Story":
        """The person is erased: earlier events keep no facts, and later ones have none."""
        self.records = [_redacted(told) for told in self.records]
        facts = self.snapshot.facts
        left = Facts(sector=facts.sector, need=facts.need, urgency=facts.urgency)
        day = self.snapshot.occurred_at
        month = None if day is None else day.replace(day=1)
        self._now(facts=replace(left, origin=facts.origin), occurred_at=month)
        held = [
            consents.Held(offer_id=uuid5(_IDS, who), program_id=f"{who}-beds", agency_id=who)
            for who in holders
        ]
        return self._tell(consents.PersonErased, remains="0" * 64, holders=tuple(held))

    def in_error(self) -> "Story":
        """It should never have been."""
        self._now(state=ReferralState.ENTERED_IN_ERROR, live_offers=(), holder=None)
        return self._tell(lifecycle.ReferralEnteredInError)

    def _end_first(self, state: ReferralState) -> LiveOffer:
        offer, *others = self.live
        self._now(state=ReferralState.OFFERED if others else state, live_offers=tuple(others))
        return offer

    def _now(self, **changes: Any) -> None:
        self.snapshot = replace(self.snapshot, **changes)

    def _about(self, kind: Any, offer: LiveOffer | Holder | None, **more: Any) -> "Story":
        assert offer is not None, "there is no such offer"
        names = ("offer_id", "program_id", "agency_id")
        return self._tell(kind, **{name: getattr(offer, name) for name in names}, **more)

    def _tell(self, kind: Any, **more: Any) -> "Story":
        event = kind(snapshot=self.snapshot, **more)
        seq, key = len(self.records) + 1, str(self.referral_id)
        self.records.append(record(lifecycle.TOPIC, key, seq, self.now, event))
        return self
