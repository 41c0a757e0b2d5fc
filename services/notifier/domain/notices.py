"""Who is told of what: one table from happenings to recipients, and when a notice is stale."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID, uuid5

from contracts.vocabulary import (
    Origin,
    Owner,
    ReferralState,
    RescindReason,
    Sector,
    Side,
    Urgency,
)
from services.notifier.domain.referral import Offer, Referral

COORDINATOR: Final = "coordinator"
# Fixed for ever: a notice has the same id whenever and wherever its event is handled.
_NOTICES: Final = UUID("8f0c8bb2-5d0e-5a0c-9a53-5f7d5c0b7d11")
_STOPPED: Final = frozenset({RescindReason.PROGRAM_PAUSED, RescindReason.PROGRAM_CLOSED})


class NoticeState(StrEnum):
    """Where a notice stands; ``no_contact`` waits until the recipient names somebody."""

    PENDING = "pending"
    NO_CONTACT = "no_contact"
    SENT = "sent"
    FAILED = "failed"
    DROPPED = "dropped"


class Template(StrEnum):
    """What a notice says; each has a text of this name."""

    OFFER_MADE = "offer_made"
    OFFER_REMINDER = "offer_reminder"
    OFFER_RESCINDED = "offer_rescinded"
    OFFER_LAPSED = "offer_lapsed"
    ANSWER_RECORDED = "answer_recorded"
    CRISIS_LAPSED = "crisis_lapsed"
    REFERRAL_UNPLACED = "referral_unplaced"
    REFERRAL_RETURNED = "referral_returned"
    REVIEW_DUE = "review_due"
    CONSENT_EXPIRED = "consent_expired"
    CONSENT_REVOKED = "consent_revoked"
    REVOCATION_REMINDER = "revocation_reminder"
    HOLDER_SILENT = "holder_silent"
    PERSON_ERASED = "person_erased"
    AGENCY_PAUSED = "agency_paused"
    AGENCY_SILENT = "agency_silent"
    FACT_ADDED = "fact_added"
    AGENCY_UNREACHABLE = "agency_unreachable"
    INVITATION = "invitation"


class Happening(StrEnum):
    """The events that somebody is told of."""

    OFFER_MADE = "offer_made"
    OFFER_RESCINDED = "offer_rescinded"
    OFFER_LAPSED = "offer_lapsed"
    OFFER_RETURNED = "offer_returned"
    REFERRAL_UNPLACED = "referral_unplaced"
    REVIEW_DUE = "review_due"
    CONSENT_EXPIRED = "consent_expired"
    REVOCATION_ISSUED = "revocation_issued"
    REVOCATION_OVERDUE = "revocation_overdue"
    FACT_ADDED = "fact_added"
    PERSON_ERASED = "person_erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One event as far as telling goes; ``seq`` is its number in the referral's stream.

    ``on_behalf``: a coordinator recorded it for the agency, whatever else it may be news of.
    ``holders``: one offer of each agency that ever held the referral, where the event names them.
    ``by_agency``: the agency whose doing it is, where the event says so.
    """

    happening: Happening | None
    seq: int
    referral: Referral
    offer: Offer | None = None
    owner: Owner | None = None
    side: Side | None = None
    on_behalf: bool = False
    rescinded_for: RescindReason | None = None
    holders: tuple[Offer, ...] = ()
    by_agency: str | None = None

    @property
    def stopped(self) -> bool:
        """Whether an offer was taken back because its program paused or closed."""
        return self.rescinded_for in _STOPPED


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A notice that is owed; all that its text may say, and nothing of the person.

    Without a referral it is of an agency as such, whose id is its ``reference``; of no sector where
    it is about staff.
    """

    notice_id: UUID
    referral_id: UUID | None
    recipient: str
    template: Template
    version: str
    reference: str
    sector: Sector | None
    urgency: Urgency
    training: bool
    offer_id: UUID | None = None
    program_id: str | None = None
    deadline_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """An agency that was paused at ``since`` because it answered nothing, by one of its programs.

    Every program of the agency tells of it; a notice is owed once.
    """

    agency_id: str
    sector: Sector
    since: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """Who is told, and the offer that it is about for them."""

    recipient: str
    offer: Offer | None


@dataclass(frozen=True, slots=True)
class Rule:
    """Tell ``whom`` with ``template``; ``per_offer`` = once an offer, else once an event."""

    template: Template
    whom: Callable[[News], tuple[Told, ...]]
    per_offer: bool = True
    applies: Callable[[News], bool] = lambda _: True


def of_silence(silence: Silence) -> tuple[Intent, ...]:
    """What is owed for a silence: the agency is told how to resume, and the coordinator of it."""
    told = (
        (silence.agency_id, Template.AGENCY_PAUSED),
        (COORDINATOR, Template.AGENCY_SILENT),
    )
    version = silence.since.isoformat()
    return tuple(
        Intent(
            notice_id=notice_id(silence.agency_id, recipient, template, version),
            referral_id=None,
            recipient=recipient,
            template=template,
            version=version,
            reference=silence.agency_id,
            sector=silence.sector,
            urgency=Urgency.ROUTINE,
            training=False,
        )
        for recipient, template in told
    )


def notice_id(about: UUID | str, recipient: str, template: Template, version: str) -> UUID:
    """The one id of a notice: a replay finds it stored before."""
    return uuid5(_NOTICES, f"{about}/{recipient}/{template}/{version}")


def intents(news: News) -> tuple[Intent, ...]:
    """Every notice that an event owes; a record of the past notifies nobody."""
    if news.referral.origin is Origin.IMPORTED:
        return ()
    rules = TOLD[news.happening] if news.happening else ()
    return tuple(
        _intent(news, rule, told)
        for rule in (*rules, *(_RECORDED if news.on_behalf else ()))
        if rule.applies(news)
        for told in rule.whom(news)
    )


def reminder(referral: Referral, offer: Offer) -> Intent:
    """The notice that an offer is still unanswered."""
    told = Told(offer.agency_id, offer)
    return _made(referral, told, Template.OFFER_REMINDER, str(offer.offer_id))


def reminder_at(made_at: datetime, deadline_at: datetime) -> datetime:
    """When an unanswered offer is brought to mind: half-way to its deadline."""
    return made_at + (deadline_at - made_at) / 2


def is_stale(
    template: Template, offer_id: UUID | None, referral: Referral, happening: Happening | None
) -> bool:
    """Whether a notice not yet sent says what no longer holds, or what a newer one will say."""
    if template in {Template.OFFER_MADE, Template.OFFER_REMINDER}:
        return not referral.is_live(offer_id)
    if template is Template.REFERRAL_UNPLACED:
        return referral.state is not ReferralState.UNPLACED
    if template is Template.FACT_ADDED:
        return not referral.is_with(offer_id)
    again = happening is Happening.REVIEW_DUE
    return template is Template.REVIEW_DUE and (again or not referral.open)


def _intent(news: News, rule: Rule, told: Told) -> Intent:
    offer = told.offer if rule.per_offer else None
    version = str(offer.offer_id) if offer else str(news.seq)
    return _made(news.referral, told, rule.template, version)


def _made(referral: Referral, told: Told, template: Template, version: str) -> Intent:
    offer = told.offer
    return Intent(
        notice_id=notice_id(referral.referral_id, told.recipient, template, version),
        referral_id=referral.referral_id,
        recipient=told.recipient,
        template=template,
        version=version,
        reference=referral.reference,
        sector=referral.sector,
        urgency=referral.urgency,
        training=referral.training,
        offer_id=offer.offer_id if offer else None,
        program_id=offer.program_id if offer else None,
        deadline_at=offer.deadline_at if offer else None,
    )


def _agency(news: News) -> tuple[Told, ...]:
    return (Told(news.offer.agency_id, news.offer),) if news.offer else ()


def _coordinator(news: News) -> tuple[Told, ...]:
    return (Told(COORDINATOR, news.offer),)


def _owner(news: News) -> tuple[Told, ...]:
    """The agency that holds it, or those that it is offered to; all else is the coordinator's."""
    holder = news.referral.holder
    owners = (holder,) if holder else news.referral.live
    if news.owner is not Owner.AGENCY or not owners:
        return _coordinator(news)
    return tuple(Told(*pair) for pair in sorted({o.agency_id: o for o in owners}.items()))


def _holder_and_coordinator(news: News) -> tuple[Told, ...]:
    """Whoever can ask the person once more: who holds them, and the human owner of all else."""
    held = news.referral.holder
    return (*((Told(held.agency_id, held),) if held else ()), Told(COORDINATOR, None))


def _every_holder(news: News) -> tuple[Told, ...]:
    return tuple(Told(offer.agency_id, offer) for offer in news.holders)


def _other_agencies(news: News) -> tuple[Told, ...]:
    """Whoever has it on offer or holds it, but for the agency that did it."""
    held = news.referral.holder
    offers = (held,) if held else news.referral.live
    others = {o.agency_id: o for o in offers if o.agency_id != news.by_agency}
    return tuple(Told(*pair) for pair in sorted(others.items()))


def _goes_on(news: News) -> bool:
    return news.referral.open


def _is_crisis(news: News) -> bool:
    return news.referral.urgency is Urgency.CRISIS


def _is_providers(news: News) -> bool:
    return news.side is Side.PROVIDER


# Once for each answer: an agency must be able to say that it never said so.
_RECORDED: Final = (Rule(Template.ANSWER_RECORDED, _agency, per_offer=False),)

TOLD: Final[Mapping[Happening, tuple[Rule, ...]]] = {
    Happening.OFFER_MADE: (Rule(Template.OFFER_MADE, _agency),),
    # Of a pause the agency knows: hundreds of letters, one for each offer, would say no more.
    Happening.OFFER_RESCINDED: (
        Rule(Template.OFFER_RESCINDED, _agency, applies=lambda news: not news.stopped),
    ),
    # Nobody answered a crisis: a human hears of it at once, not at the next review.
    Happening.OFFER_LAPSED: (
        Rule(Template.OFFER_LAPSED, _agency),
        Rule(Template.CRISIS_LAPSED, _coordinator, applies=_is_crisis),
    ),
    # A person who says no ends the referral; only a program that gives one back is news.
    Happening.OFFER_RETURNED: (
        Rule(Template.REFERRAL_RETURNED, _coordinator, applies=_is_providers),
    ),
    Happening.REFERRAL_UNPLACED: (Rule(Template.REFERRAL_UNPLACED, _coordinator, per_offer=False),),
    Happening.REVIEW_DUE: (Rule(Template.REVIEW_DUE, _owner, per_offer=False),),
    # After the referral's end nobody reads the person any more, and nobody need ask them.
    Happening.CONSENT_EXPIRED: (
        Rule(Template.CONSENT_EXPIRED, _holder_and_coordinator, per_offer=False, applies=_goes_on),
    ),
    Happening.REVOCATION_ISSUED: (Rule(Template.CONSENT_REVOKED, _agency),),
    # Again and again, until the agency answers.
    Happening.REVOCATION_OVERDUE: (
        Rule(Template.REVOCATION_REMINDER, _agency, per_offer=False),
        Rule(Template.HOLDER_SILENT, _coordinator, per_offer=False),
    ),
    Happening.PERSON_ERASED: (Rule(Template.PERSON_ERASED, _every_holder),),
    # An answer may decide whether a program can take the person: it looks before it says so.
    Happening.FACT_ADDED: (Rule(Template.FACT_ADDED, _other_agencies, per_offer=False),),
}
