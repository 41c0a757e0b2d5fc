"""Following a referral: each snapshot moves its reservations and acceptances."""

from datetime import datetime

from sqlalchemy.orm import Session

from services.matcher.domain.journal import Kind
from services.matcher.domain.request import Request, Seen, learn, seen_json
from services.matcher.store import capacity, journal, requests, waits


def follow_referral(session: Session, now: datetime, seen: Seen) -> None:
    """Take one snapshot; one that says nothing new changes nothing. The caller has the turn."""
    before = requests.lock(session, seen.referral_id)
    request = learn(before, seen)
    if request == before:
        return
    requests.save(session, request, new=before is None)
    if before is not None and not (request.open and request.facts == before.facts):
        waits.end(session, request.referral_id)  # where it still waits, the decider says so anew
    held = before.holds if before else ()
    touched = capacity.move(session, request.referral_id, held, request.holds)
    touched |= _move_acceptance(session, before, request, seen.at)
    requests.wake(session, capacity.recount(session, touched))
    journal.append(session, now, [(Kind.REQUEST, seen_json(seen))])


def _move_acceptance(
    session: Session, before: Request | None, request: Request, at: datetime
) -> set[str]:
    """Learn who holds the referral now, and that who held it before does no longer."""
    old, new = before.holder if before else None, request.holder
    if old == new:
        return set()
    if old is not None:
        capacity.end_acceptance(session, request.referral_id, old, at)
    if new is not None:
        capacity.accept(session, request.referral_id, new)
    return {holder.program_id for holder in (old, new) if holder is not None}
