"""Preview a match: who could take a person now, by the rules of a decision; nothing is kept."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from sqlalchemy.orm import Session

from contracts.problems import InvalidError
from contracts.questions import WORDS_OF, EligibilityCode, code_of
from contracts.vocabulary import PROTECTED_NEEDS, SECTOR_OF, Urgency
from services.matcher.domain.board import Board
from services.matcher.domain.place import cell_of
from services.matcher.domain.policy import Policy
from services.matcher.domain.preview import Preview, preview
from services.matcher.domain.request import Facts
from services.matcher.store import capacity
from services.matcher.store.remembered import Remembered

# A clock in the field may be slow, and to type takes time.
TARDY: Final = timedelta(minutes=5)
FURTHEST: Final = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of the need, at which moment, and how many programs to name at most."""

    facts: Facts
    at: datetime
    most: int


def asked_of(said: Mapping[str, Any], now: datetime) -> Asked:
    """What a body asks; raises InvalidError for a time that is over, or too far ahead."""
    return Asked(_facts(said, now), _at(said.get("at"), now), said["most"])


def preview_match(
    session: Session, asked: Asked, policy: Policy, remembered: Remembered
) -> Preview:
    """Read the directory and the free places as a turn of the decider does, and write nothing.

    A statement that is stale by the moment asked about says nothing of places.
    """
    board = Board(
        remembered.catalogue(session), partial(capacity.fresh_free_of, session, at=asked.at), ()
    )
    return preview(board, asked.facts, asked.at, policy, asked.most)


def _at(said: datetime | None, now: datetime) -> datetime:
    if said is None:
        return now
    if not now - TARDY <= said <= now + FURTHEST:
        raise InvalidError("at", f"must lie between now and {FURTHEST.days} days ahead")
    return max(said, now)


def _facts(said: Mapping[str, Any], now: datetime) -> Facts:
    """What is said, as the facts of a referral in a crisis; of a protected need its name alone."""
    need, place = said["need"], said.get("place")
    told = {} if need in PROTECTED_NEEDS else said
    return Facts(
        sector=SECTOR_OF[need],
        need=need,
        urgency=Urgency.CRISIS,
        submitted_at=now,
        training=said["training"],
        language=told.get("language"),
        age=told.get("age"),
        cell=cell_of(**place) if told and place else None,
        household_size=told.get("household_size"),
        accommodations=tuple(told.get("accommodations") or ()),
        also_speaks=tuple(told.get("also_speaks") or ()),
        eligibility=tuple(_codes(told)),
    )


def _codes(said: Mapping[str, Any]) -> Iterable[EligibilityCode]:
    given = ((question, said.get(question)) for question in WORDS_OF)
    return (code_of(question, word) for question, word in given if word is not None)
