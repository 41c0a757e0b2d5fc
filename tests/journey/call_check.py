"""What the log of the clients' calls and the databases must say of each other after any fault."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from contracts.events.lifecycle import TOPIC
from contracts.vocabulary import ConsentStatus
from services.chassis.tables import history
from services.notifier.domain.notices import NoticeState, Template
from services.notifier.tables import NoticeRow
from services.referral_api.tables import Offer, Referral
from tests.journey.call_log import Done, Said
from tests.journey.column import Stores

SUBMIT: Final = "/v1/referrals"
ACCEPT, PERSON, REVOKE = "/accept", "/person", "/revoke-consent"
ACCEPTED: Final = "handoff.offer.accepted."
BROKEN: Final = 500


@dataclass(frozen=True, slots=True)
class Told:
    """The calls of a run, and what the referral service knows of the things that they name."""

    calls: Sequence[Done]
    referral_of: dict[str, str]

    def of(self, end: str, said: Said = Said.OK) -> Iterator[tuple[Done, str]]:
        """The calls of an address that end like this, each with the referral that it is about."""
        for call in self.calls:
            if call.path.endswith(end) and call.said is said:
                named = call.path.split("/")[3]
                yield call, self.referral_of.get(named, named)


def disagreements(calls: Sequence[Done], stores: Stores) -> list[str]:
    """Everything in which the clients and the databases disagree; for a suite at rest."""
    session = stores.referral_api
    offers = {str(one): str(of) for one, of in session.execute(select(Offer.id, Offer.referral_id))}
    told = Told(calls, offers)
    return [
        *_submissions(told, session),
        *_acceptances(told, session),
        *_revocations(told, session),
        *disclosures(told),
        *_notices(stores.notifier, offers),
        *_faults(calls),
    ]


def disclosures(told: Told) -> Iterator[str]:
    """I5: nobody reads a person, or takes one on, who asked after the revocation was answered."""
    revoked: dict[str, int] = {}
    for call, referral in told.of(REVOKE):
        revoked[referral] = min(call.ended, revoked.get(referral, call.ended))
    for end in (PERSON, ACCEPT):
        for call, referral in told.of(end):
            if call.invoked > revoked.get(referral, call.invoked):
                yield f"I5 {referral}: {end} was asked after the revocation, and granted"


def _submissions(told: Told, session: Session) -> Iterator[str]:
    """I1: what was acknowledged is there, once for each key, and nothing that nobody submitted."""
    kept = {str(ident) for ident in session.scalars(select(Referral.id))}
    answers = _answers(told.calls)
    for key, idents in answers.items():
        if len(idents) > 1:
            yield f"I1 {key}: one key, {len(idents)} referrals"
    known = set().union(*answers.values())
    yield from (f"I1 {ident}: acknowledged, and lost" for ident in sorted(known - kept))
    unanswered = sum(not idents for idents in answers.values())
    if len(kept - known) > unanswered:
        yield f"I1: {len(kept - known)} referrals that no client knows of, {unanswered} unanswered"


def _answers(calls: Iterable[Done]) -> dict[str, set[str]]:
    """The referrals that each key of a submission was answered with; none, where nobody knows."""
    found: dict[str, set[str]] = defaultdict(set)
    for call in calls:
        if call.path == SUBMIT and call.method == "POST" and call.key is not None:
            found[call.key] |= {call.told["referral_id"]} if call.said is Said.OK else set()
    return found


def _acceptances(told: Told, session: Session) -> Iterator[str]:
    """I1: what was accepted was accepted, whatever came of it, and once."""
    events = select(history.c.payload).where(history.c.topic == TOPIC)
    rows = session.scalars(events.where(history.c.type.startswith(ACCEPTED)))
    recorded = Counter(row["offer_id"] for row in rows if row is not None)
    answered = {call.path.split("/")[3] for call, _ in told.of(ACCEPT)}
    yield from _missing("accepted", answered, recorded)
    for offer, times in recorded.items():
        if times > 1:
            yield f"I4 {offer}: accepted {times} times"


def _revocations(told: Told, session: Session) -> Iterator[str]:
    """I1: what was revoked is revoked."""
    revoked = select(Referral.id).where(Referral.consent_status == ConsentStatus.REVOKED)
    stand = set(map(str, session.scalars(revoked)))
    yield from _missing("revoked", {referral for _, referral in told.of(REVOKE)}, stand)


def _missing(what: str, promised: Iterable[str], kept: Collection[str]) -> Iterator[str]:
    yield from (f"I1 {one}: {what}, and forgotten" for one in sorted(set(promised) - set(kept)))


def _notices(session: Session, offers: Collection[str]) -> Iterator[str]:
    """I3: of each offer there is one notice that it was made, and none is still on its way."""
    made = select(NoticeRow.offer_id).where(NoticeRow.template == Template.OFFER_MADE)
    told = Counter(map(str, session.scalars(made)))
    for offer in offers:
        if told[offer] != 1:
            yield f"I3 {offer}: its agency has {told[offer]} notices of it"
    leased = select(NoticeRow.notice_id).where(
        NoticeRow.state == NoticeState.PENDING, NoticeRow.leased_until.is_not(None)
    )
    yield from (f"I3 {ident}: claimed, and never sent" for ident in session.scalars(leased))


def _faults(calls: Iterable[Done]) -> Iterator[str]:
    """No kill may look like a fault of ours: what breaks off is told to be sent again."""
    for call in calls:
        if call.status == BROKEN:
            yield f"{call.method} {call.path}: answered 500"
