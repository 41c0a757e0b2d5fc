"""Measure: fold an event into a referral's progress, and its difference into the figures."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from contracts.vocabulary import EntryDoor, Outcome, Sector
from services.notifier.domain.contributions import contributions, difference, of_tally
from services.notifier.domain.progress import (
    Handoff,
    Progress,
    Step,
    fold,
    forgotten,
    handed_over,
    held_back,
)
from services.notifier.domain.referral import Referral
from services.notifier.store import figures, progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """One event as far as measuring goes; ``erased`` = it took the person's facts.

    ``held``: a place was kept for somebody more urgent.
    """

    referral: Referral
    at: datetime
    step: Step | None = None
    outcome: Outcome | None = None
    handoff: Handoff | None = None
    held: bool = False
    erased: bool = False


def measure(session: Session, observed: Observed) -> None:
    """Move the figures by what one event changed."""
    figures.take_turn(session)
    before = progress.get(session, observed.referral.referral_id)
    after = _after(before, observed)
    if after == before:
        return
    progress.put(session, after)
    figures.apply(session, difference(contributions(before), contributions(after)))


def _after(before: Progress | None, observed: Observed) -> Progress:
    after = fold(before, observed.referral, observed.at, observed.step, observed.outcome)
    if observed.handoff is not None:
        after = handed_over(after, observed.handoff)
    if observed.held:
        after = held_back(after)
    return forgotten(after) if observed.erased else after


def tally(session: Session, at: datetime, sector: Sector, entry_door: EntryDoor) -> None:
    """Count one person's no."""
    figures.take_turn(session)
    figures.apply(session, of_tally(at, sector, entry_door))
