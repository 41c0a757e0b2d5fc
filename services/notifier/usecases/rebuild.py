"""Rebuild: forget every figure and how far the events were read, so that a replay makes them."""

from sqlalchemy.orm import Session

from contracts.topics import Consumer
from services.chassis.inbox import Inbox
from services.notifier.store import figures


def rebuild(session: Session) -> None:
    """Empty the figures; the history has to be published again afterwards.

    The inbox first: it waits for whoever handles an event now, and lets nobody begin.
    """
    Inbox(Consumer.OUTCOMES, {}).forget(session)
    figures.clear(session)
