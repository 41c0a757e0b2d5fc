"""What must hold of a suite's databases after any run: I1 to I4 of the requirements."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from contracts.events.lifecycle import TOPIC
from contracts.vocabulary import OfferState, Owner, ReferralState
from services.chassis import audit, outbox
from services.chassis.tables import audit as audit_table
from services.chassis.tables import history, parked, quarantined, stream_heads, waiting
from services.matcher.tables import CapacityRow, DecisionRow, RequestRow, ReservationRow
from services.notifier.domain.notices import NoticeState, Template
from services.notifier.tables import NoticeRow
from services.referral_api.domain.referral import OWNER_OF
from services.referral_api.tables import AttentionRow, Offer, Referral, WorkItem
from services.referral_api.usecases.lifecycle import subject_of
from tests.journey.column import Stores

ENDED: Final = (ReferralState.CLOSED, ReferralState.WITHDRAWN, ReferralState.ENTERED_IN_ERROR)
LIVE: Final = (OfferState.OPEN, OfferState.ACKNOWLEDGED)
HOLDING: Final = (OfferState.ACCEPTED, OfferState.ENGAGED)

# Reminders come again and again, until somebody does what they ask for.
AGAIN: Final = (
    Template.REVIEW_DUE,
    Template.REVOCATION_REMINDER,
    Template.HOLDER_SILENT,
    # Each answer that a coordinator recorded is told, and an agency gives several.
    Template.ANSWER_RECORDED,
    # So is each fact that somebody else adds.
    Template.FACT_ADDED,
)


def violations(stores: Stores, mail: Path) -> list[str]:
    """Everything that does not hold of the databases and the folder of the letters."""
    referrals, matcher, notifier = stores.referral_api, stores.matcher, stores.notifier
    return [
        *_one_state_one_timer(referrals),
        *_worklist(referrals),
        *_histories(referrals),
        *_places(matcher),
        *_same_holds(referrals, matcher),
        *_one_notice_each(notifier),
        *_letters(notifier, mail),
        *[fault for db in (referrals, matcher, notifier) for fault in _chains(db)],
        *[fault for db in (referrals, matcher, notifier) for fault in _set_aside(db)],
    ]


def _one_state_one_timer(session: Session) -> Iterator[str]:
    """I1: an open referral has a timer of its own or a live offer with a deadline."""
    live: dict[object, int] = {}
    held: dict[object, int] = {}
    for offer in session.scalars(select(Offer)):
        live[offer.referral_id] = live.get(offer.referral_id, 0) + (offer.state in LIVE)
        held[offer.referral_id] = held.get(offer.referral_id, 0) + (offer.state in HOLDING)
    for referral in session.scalars(select(Referral)):
        name, state = referral.reference, referral.state
        offers, holds = live.get(referral.id, 0), held.get(referral.id, 0)
        if (state is ReferralState.OFFERED) != (offers > 0):
            yield f"I1 {name}: {state} with {offers} live offers"
        if (state is ReferralState.ACCEPTED) != (holds == 1) or holds > 1:
            yield f"I1 {name}: {state} with {holds} holders"
        timed = referral.review_at is not None or offers > 0
        if timed == (state in ENDED):
            yield f"I1 {name}: {state}, timer {referral.review_at}"


def _worklist(session: Session) -> Iterator[str]:
    """I1: whatever the coordinator owns stands in the worklist, by its earliest deadline."""
    due: dict[UUID, datetime] = {}
    for row in session.scalars(select(AttentionRow)):
        due[row.referral_id] = min(row.due_at, due.get(row.referral_id, row.due_at))
    listed = {item.referral_id: item.due_at for item in session.scalars(select(WorkItem))}
    for referral in session.scalars(select(Referral)):
        name = referral.reference
        if OWNER_OF.get(referral.state) is Owner.COORDINATOR and referral.id not in due:
            yield f"I1 {name}: {referral.state}, and in no worklist"
        if due.get(referral.id) != listed.get(referral.id):
            yield f"I1 {name}: listed by {listed.get(referral.id)}, due {due.get(referral.id)}"


def _chains(session: Session) -> Iterator[str]:
    """I4: every stream of a service gapless, linear and chained to its end; the audit too."""
    streams = {(row.topic, row.key) for row in session.execute(select(stream_heads))}
    streams |= {(row.topic, row.key) for row in session.execute(select(history))}
    streams |= {(audit.TOPIC, name) for name in session.scalars(select(audit_table.c.subject))}
    for topic, key in sorted(streams):
        faults = (
            audit.verify_subject(session, key)
            if topic == audit.TOPIC
            else outbox.verify(session, topic, key)
        )
        yield from (f"I4 {topic} {key}: {fault}" for fault in faults)


def _histories(session: Session) -> Iterator[str]:
    """I4: every referral has a history and an audit."""
    known, audited = outbox.keys(session, TOPIC), outbox.keys(session, audit.TOPIC)
    for ident in session.scalars(select(Referral.id)):
        if str(ident) not in known:
            yield f"I4 {ident}: no history"
        if subject_of(ident) not in audited:
            yield f"I4 {ident}: no audit"


def _places(session: Session) -> Iterator[str]:
    """I2: the count of taken places is what the rows say, and no stated place went twice."""
    counted = select(ReservationRow.program_id, func.count()).group_by(ReservationRow.program_id)
    within = counted.where(ReservationRow.over_capacity.is_(False))
    reserved = dict(session.execute(within).all())
    for row in session.scalars(select(CapacityRow)):
        if row.taken < reserved.get(row.program_id, 0):
            yield f"I2 {row.program_id}: {row.taken} taken, more are reserved"
        if row.taken > row.available and not _lowered(session, row):
            yield f"I2 {row.program_id}: {row.taken} taken of {row.available}"
    numbers = select(DecisionRow.referral_id, DecisionRow.attempt).where(
        DecisionRow.answer == "routed"
    )
    twice = numbers.group_by(DecisionRow.referral_id, DecisionRow.attempt).having(func.count() > 1)
    for referral, attempt in session.execute(twice):
        yield f"I2 {referral}: attempt {attempt} was routed twice"


def _lowered(session: Session, stated: CapacityRow) -> bool:
    """Whether a program gave none of its places since it stated them: it had given more before."""
    routed = select(DecisionRow.choices).where(
        DecisionRow.answer == "routed", DecisionRow.decided_at > stated.stated_at
    )
    given = (choice["program_id"] for made in session.scalars(routed) for choice in made)
    return stated.program_id not in given


def _same_holds(referrals: Session, matcher: Session) -> Iterator[str]:
    """No reservation leaks: each belongs to a live offer, for nothing is in flight."""
    live = {
        (offer.referral_id, offer.program_id)
        for offer in referrals.scalars(select(Offer).where(Offer.state.in_(LIVE)))
    }
    held = {(row.referral_id, row.program_id) for row in matcher.scalars(select(ReservationRow))}
    for referral, program in held ^ live:
        yield f"I2 {referral}: {program} held or offered, not both"
    asked = set(matcher.scalars(select(RequestRow.referral_id)))
    for ident in set(referrals.scalars(select(Referral.id))) - asked:
        yield f"I1 {ident}: the matcher has not heard of it"


def _one_notice_each(session: Session) -> Iterator[str]:
    """I3: nobody was sent the same twice, nor twice the same about one offer."""
    whom = (NoticeRow.referral_id, NoticeRow.recipient, NoticeRow.template)
    sent = select(*whom).where(NoticeRow.state == NoticeState.SENT)
    for row in session.execute(sent.group_by(*whom, NoticeRow.version).having(func.count() > 1)):
        yield f"I3 {'/'.join(map(str, row))}: sent more than once"
    of_offer = sent.where(NoticeRow.offer_id.is_not(None), NoticeRow.template.not_in(AGAIN))
    per_offer = of_offer.group_by(*whom, NoticeRow.offer_id)
    for row in session.execute(per_offer.having(func.count() > 1)):
        yield f"I3 {'/'.join(map(str, row))}: sent more than once of one offer"


def _letters(session: Session, folder: Path) -> Iterator[str]:
    """I3: a letter for each notice sent, and none but of notices that delivery took up.

    A process killed between writing a letter and recording it leaves a letter of a notice that is
    still to be sent: the next try replaces the letter.
    """
    letters = sorted(path.stem for path in folder.glob("*.eml"))
    notices = {str(row.notice_id): row for row in session.scalars(select(NoticeRow))}
    for ident in sorted(notices.keys() - letters):
        if notices[ident].state == NoticeState.SENT:
            yield f"I3 {ident}: sent, without a letter"
    for ident in letters:
        if ident not in notices or not notices[ident].attempts:
            yield f"I3 {ident}: a letter that no notice sent"


def _set_aside(session: Session) -> Iterator[str]:
    """Nothing waits for ever, is parked or quarantined."""
    for table in (waiting, parked, quarantined):
        count = session.scalar(select(func.count()).select_from(table))
        if count:
            yield f"{count} rows {table.name}"
