"""One command on one referral: what it loads under the lock, moves, and publishes at its end."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from contracts.events import lifecycle as events
from contracts.problems import NotFoundError
from contracts.vocabulary import (
    Attention,
    ConsentStatus,
    Outcome,
    Reason,
    ReferralState,
    RescindReason,
    Role,
    Side,
)
from services.chassis import audit, outbox
from services.chassis.actor import Actor, service_actor
from services.referral_api.domain import attention as attentions
from services.referral_api.domain import consent as consents
from services.referral_api.domain import offer as offer_states
from services.referral_api.domain import referral as referral_states
from services.referral_api.domain.consent import ConsentRules
from services.referral_api.domain.deadlines import Deadlines
from services.referral_api.domain.offer import Refused
from services.referral_api.store import referrals as store
from services.referral_api.store import worklist
from services.referral_api.store.persons import Persons
from services.referral_api.tables import AttentionRow, Offer, Referral, Refusal
from services.referral_api.usecases.snapshot import take

SELF: Final = service_actor("referral_api")


@dataclass(frozen=True, slots=True)
class Desk:
    """What every command works with: the person table, and the deadlines and rules in force."""

    persons: Persons
    deadlines: Deadlines
    consent_rules: ConsentRules


@dataclass(slots=True)
class Command:
    """A locked referral with its unended offers and refusals, at one moment, by one actor.

    Events are gathered as (kind, fields) and made in ``publish``, so that each carries the
    snapshot as of commit.
    """

    session: Session
    desk: Desk
    actor: Actor
    now: datetime
    referral: Referral
    offers: list[Offer]
    refusals: dict[str, Refusal]
    attentions: dict[Attention, AttentionRow] = field(default_factory=dict)
    # The offer that a coordinator answers on behalf of its agency, and the text of who told them.
    answering: Offer | None = None
    told_note: UUID | None = None
    _happened: list[tuple[type[events.LifecycleEvent], dict[str, Any]]] = field(
        default_factory=list
    )

    @property
    def live(self) -> list[Offer]:
        """The offers that an agency may still accept."""
        return [offer for offer in self.offers if offer.state in offer_states.LIVE]

    @property
    def unended(self) -> list[Offer]:
        """The offers that have not ended: the live ones and the accepted one."""
        return [offer for offer in self.offers if offer.state in offer_states.UNENDED]

    @property
    def holder(self) -> Offer | None:
        """The accepted offer, where there is one."""
        return next((offer for offer in self.offers if offer.state in offer_states.HOLDING), None)

    @property
    def consent(self) -> ConsentStatus:
        """Where the person's consent stands now, whether or not its end was noticed yet."""
        referral = self.referral
        return consents.standing(referral.consent_status, referral.consent_ends_at, self.now)

    def after(self, step: referral_states.Step) -> ReferralState:
        """The state after a step; raises ConflictError, which tells an officer no more than reads.

        Officers learn that a referral is closed, never whether it was withdrawn or an error.
        """
        state = self.referral.state
        officer = self.actor.role is Role.OFFICER
        told = referral_states.COARSE_STATUS[state] if officer else state
        return referral_states.advance(state, step, told)

    def move(self, step: referral_states.Step) -> None:
        """Take a step of the state table and set the timer that the new state needs."""
        referral = self.referral
        before, referral.state = referral.state, self.after(step)
        referral.attempt_open = referral.state in referral_states.SEEKING
        if not referral.attempt_open:
            referral.hand_program = None
        if referral.state is not before or step not in _REPEATABLE:
            referral.review_at = self.next_review()
        if referral.state not in referral_states.OPEN:
            referral.closed_at = self.now
        self.settle(*attentions.ended_by(self.attentions, referral.state))
        for why in attentions.brought_by(step, referral.state):
            self.attend(why, referral.review_at)

    def attend(self, why: Attention, due_at: datetime | None = None) -> None:
        """Put the referral into the coordinators' worklist, due at once where no time is given.

        A reason that holds already keeps its time: whoever waits longest stays first.
        """
        if why in self.attentions:
            return
        row = AttentionRow(
            referral_id=self.referral.id, why=why, since=self.now, due_at=due_at or self.now
        )
        self.session.add(row)
        self.attentions[why] = row
        self._list()

    def settle(self, *reasons: Attention) -> None:
        """End these reasons where they hold; without any the referral leaves the worklist."""
        ended = [self.attentions.pop(why) for why in reasons if why in self.attentions]
        for row in ended:
            _forget(self.session, row)
        if ended:
            self._list()

    def progressed(self) -> None:
        """The agency reported progress: the owner's timer starts anew."""
        self.settle(Attention.STALLED)
        self.referral.review_at = self.next_review()

    def _list(self) -> None:
        """The worklist sorts by the earliest time of the reasons that hold."""
        due_at = min((row.due_at for row in self.attentions.values()), default=None)
        worklist.put(self.session, self.referral.id, due_at)

    def next_review(self) -> datetime | None:
        """When the owner of the present state is reminded."""
        referral = self.referral
        return self.desk.deadlines.review_at(referral.state, referral.urgency, self.now)

    def open_attempt(self, step: referral_states.Step, hand_program: str | None = None) -> None:
        """Open the next numbered attempt; the step says why the state allows it."""
        self.move(step)
        self.referral.attempt += 1
        self.referral.attempt_opened_at = self.now
        self.referral.hand_program = hand_program
        self.happened(events.AttemptOpened)

    def end(self, offer: Offer, step: offer_states.Step) -> None:
        """Take a step of the offer's table and date it."""
        offer.state = offer_states.advance(offer.state, step)
        if offer.state not in offer_states.UNENDED:
            offer.ended_at = self.now

    def rescind(self, taken_back: Sequence[Offer], reason: RescindReason) -> None:
        """Take offers back."""
        for offer in taken_back:
            self.end(offer, offer_states.Step.RESCIND)
            offer.rescinded_for = reason
            self.offer_event(events.OfferRescinded, offer, reason=reason)

    def refuse(self, program_id: str, kind: Refused) -> None:
        """Never ask this program again; a decline outlasts a lapse."""
        known = self.refusals.get(program_id)
        if known is None:
            known = Refusal(referral_id=self.referral.id, program_id=program_id)
            self.session.add(known)
            self.refusals[program_id] = known
        known.kind, known.at = kind, self.now

    def close(
        self,
        step: referral_states.Step,
        outcome: Outcome,
        reason: Reason | None = None,
        side: Side | None = None,
    ) -> None:
        """End the referral with an outcome; offers that are still live are taken back."""
        self.rescind(self.live, RescindReason.CLOSED)
        self.move(step)
        referral = self.referral
        referral.outcome, referral.reason, referral.side = outcome, reason, side
        self.happened(events.ReferralClosed, outcome=outcome, reason=reason, side=side)

    def note(self, about: UUID, text: str | None) -> None:
        """Seal a free text that came with this command; of an erased person none is kept."""
        if text is not None and self.referral.erased_at is None:
            self.desk.persons.note(self.session, self.referral.id, about, text)

    def happened(self, kind: type[events.LifecycleEvent], **fields: Any) -> None:
        """Gather an event."""
        self._happened.append((kind, fields))

    def offer_event(self, kind: type[events.OfferEvent], offer: Offer, **fields: Any) -> None:
        """Gather an event of one offer."""
        place = {
            "offer_id": offer.id,
            "program_id": offer.program_id,
            "agency_id": offer.agency_id,
            "on_behalf": offer is self.answering,
        }
        self.happened(kind, **place, **fields)

    def publish(self, action: str, **detail: Any) -> None:
        """Write the audit entry and every gathered event, each with the final snapshot."""
        subject = subject_of(self.referral.id)
        if self.answering is not None:
            detail |= {"on_behalf_of": self.answering.agency_id, "told": str(self.told_note)}
        audit.record(self.session, subject, self.now, self.actor, action, **detail)
        state = take(self.referral, self.offers, self.refusals)
        made = [kind(snapshot=state, **fields) for kind, fields in self._happened]
        outbox.publish(self.session, events.TOPIC, str(self.referral.id), made, self.now)
        self.session.flush()


# These may come again and again: where the state stays, the timer that runs goes on running.
_REPEATABLE: Final = frozenset(
    {
        referral_states.Step.WAITLIST,
        referral_states.Step.UNPLACE,
        referral_states.Step.ADD_FACTS,
    }
)


def _forget(session: Session, row: AttentionRow) -> None:
    """A reason that came and went within one command was never written."""
    if row in session.new:
        session.expunge(row)
    else:
        session.delete(row)


def subject_of(referral_id: UUID) -> str:
    """The audit's name for a referral."""
    return f"referral:{referral_id}"


def load_free(
    session: Session, desk: Desk, ids: Iterable[UUID], clock: Callable[[], datetime]
) -> list[Command]:
    """Commands on those of the referrals that nobody else holds, for a timer that looks again.

    Never waiting for one while it holds another, it cannot stand in the way of a consumer that
    takes its referrals in the order of the messages.
    """
    return _commands(session, desk, store.lock(session, ids, skip_locked=True), clock, SELF)


def load_many(
    session: Session,
    desk: Desk,
    ids: Iterable[UUID],
    clock: Callable[[], datetime],
    actor: Actor,
) -> list[Command]:
    """Commands on those of the referrals that there are, locked in their sorted order."""
    return _commands(session, desk, store.lock(session, ids), clock, actor)


def _commands(
    session: Session,
    desk: Desk,
    locked: Sequence[Referral],
    clock: Callable[[], datetime],
    actor: Actor,
) -> list[Command]:
    """The clock is read under the lock; three queries more, however many referrals there are."""
    now = clock()
    found = [referral.id for referral in locked]
    unended: dict[UUID, list[Offer]] = defaultdict(list)
    for offer in store.unended_offers(session, found):
        unended[offer.referral_id].append(offer)
    refused: dict[UUID, dict[str, Refusal]] = defaultdict(dict)
    for refusal in store.refusals(session, found):
        refused[refusal.referral_id][refusal.program_id] = refusal
    attended: dict[UUID, dict[Attention, AttentionRow]] = defaultdict(dict)
    for row in worklist.attentions(session, found):
        attended[row.referral_id][row.why] = row
    return [
        Command(session, desk, actor, now, one, unended[one.id], refused[one.id], attended[one.id])
        for one in locked
    ]


def load_one(
    session: Session,
    desk: Desk,
    referral_id: UUID,
    clock: Callable[[], datetime],
    actor: Actor = SELF,
) -> Command:
    """One command; raises NotFoundError where the referral is not there for this actor."""
    commands = _commands(session, desk, store.lock(session, [referral_id]), clock, actor)
    if not commands:
        raise NotFoundError("referral")
    check_is_theirs(commands[0].referral, actor)
    return commands[0]


def check_is_theirs(referral: Referral, actor: Actor) -> None:
    """Raise NotFoundError where an officer asks for what somebody else submitted.

    A subject is one person's within one unit only: two units may hand out the same one.
    """
    mine = (referral.unit_id, referral.submitted_by) == (actor.unit_id, actor.subject)
    if actor.role is Role.OFFICER and not mine:
        raise NotFoundError("referral")
