"""The job that sends notices: claims in one transaction, sends outside, records in another."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.failpoints import Point, reached
from services.chassis.faults import reason_of
from services.chassis.jobs import Job
from services.chassis.logs import about
from services.notifier.channels.mail import DeliveryError, MailChannel
from services.notifier.store import notices
from services.notifier.store.staff import Safe
from services.notifier.usecases.deliver import Claimed, claim, give_back, record

NAME: Final = "deliveries"
log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class Deliveries:
    """``in_hand`` = letters claimed and not recorded yet: they are still due."""

    database: Database
    clock: Clock
    channel: MailChannel
    safe: Safe
    public_url: str
    in_hand: int = field(default=0, init=False)

    def job(self) -> Job:
        """The job for the service's loops."""
        return Job(NAME, self.tick, self.count)

    def tick(self) -> int:
        """Send one batch; returns how many notices were due."""
        try:
            with self.database.transaction() as session:
                found, claimed = claim(session, self.safe, self.clock.now(), self.public_url)
                self.in_hand = len(claimed)
            tried, failures = self._send(claimed)
            with self.database.transaction() as session:
                record(session, tried, failures, self.clock.now())
                give_back(session, claimed[len(tried) :])
            if tried:
                reached(Point.DELIVERY_RECORDED)
        finally:
            self.in_hand = 0
        return found

    def count(self, session: Session, now: datetime) -> int:
        """How many notices a tick would find, or has in hand."""
        return notices.count_due(session, now) + self.in_hand

    def _send(self, claimed: list[Claimed]) -> tuple[list[Claimed], dict[UUID, str]]:
        """Hand over, in turn, what its lease leaves time for; returns those, and who failed why.

        A process that was paused stops there: others send the rest by now.
        """
        tried: list[Claimed] = []
        failures: dict[UUID, str] = {}
        for one in claimed:
            if not one.in_time(self.clock.now()):
                _log(one, "notice_left", "the lease ends")
                break
            tried.append(one)
            reached(Point.DELIVERY_CLAIMED)
            with about(referral_id=one.referral_id):
                try:
                    self.channel.send(one.letter)
                except Exception as error:  # noqa: BLE001 - one letter must not hold up the others
                    failures[one.notice_id] = reason = _reason(error)
                    _log(one, "notice_failed", reason)
                else:
                    reached(Point.DELIVERY_SENT)
                    _log(one, "notice_sent")
        return tried, failures


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, DeliveryError) else reason_of(error)


def _log(one: Claimed, event: str, reason: str | None = None) -> None:
    log.info(event, notice_id=str(one.notice_id), template=one.template, reason=reason)
