"""An agency that lets offer after offer lapse without a word is paused; any word counts anew."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from contracts.vocabulary import PauseReason
from services.chassis.actor import service_actor
from services.matcher.domain.halt import Kind, Scope, Target
from services.matcher.store import halts, silences
from services.matcher.usecases.halt import By, pause

SELF: Final = service_actor("matcher")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Lapse:
    """An offer of an agency that nobody answered by its deadline."""

    agency_id: str
    offer_id: UUID
    at: datetime


def hear_lapse(session: Session, now: datetime, lapse: Lapse, pause_after: int) -> None:
    """Count a lapse, and pause the agency after so many in a row; 0 = never.

    Lapses and answers are compared by their times, so that the order in which referrals are
    heard of changes nothing. The caller has the turn.
    """
    silences.lapsed(session, lapse.agency_id, lapse.offer_id, lapse.at)
    count = silences.counts(session, [lapse.agency_id]).get(lapse.agency_id, 0)
    target = Target(Scope.AGENCY, lapse.agency_id)
    if not pause_after or count < pause_after or halts.has(session, target, Kind.PAUSE):
        return
    log.warning("agency_paused", agency=lapse.agency_id, lapses=count)
    pause(By(session, now, SELF, target), PauseReason.SILENCE, lapses=count)


def hear_answer(session: Session, agency_id: str, at: datetime) -> None:
    """The agency is there: an offer of its was acknowledged, accepted or declined."""
    silences.answered(session, agency_id, at)
