"""Erasing: facts leave journal, requests and explanations; a replay still proves the rest."""

from dataclasses import replace
from random import Random
from typing import Any, Final

import pytest
from sqlalchemy import inspect, select, text, update

from contracts.events.consents import PersonErased
from contracts.events.snapshot import Facts, Snapshot
from contracts.questions import EligibilityCode
from contracts.vocabulary import Accommodation, Urgency
from services.matcher.store import decisions
from services.matcher.tables import DecisionRow, JournalRow
from tests.integration.matcher.desk import Desk, attempt, ended, held, offered, submitted

PERSON: Final[dict[str, Any]] = {
    "language": "hmn",
    "age": 47,
    "household_size": 7,
    "cell": "87275b610ffffff",
    "accommodations": (Accommodation.WHEELCHAIR,),
    "preferred": ("wished-beds",),
    "avoided": ("grim-beds",),
    "also_speaks": ("lao",),
    "eligibility": (EligibilityCode.INCOME_VERY_LOW,),
}
TOLD: Final = (
    "hmn",
    "lao",
    "wheelchair",
    "wished-beds",
    "grim-beds",
    "87275b610ffffff",
    "income_very_low",
)


def erase(desk: Desk, before: Snapshot) -> None:
    """The referral ends, and its person is erased."""
    facts = before.facts
    left = Facts(sector=facts.sector, need=facts.need, urgency=facts.urgency)
    snapshot = replace(ended(before), facts=left, excluded=())
    seq = desk.seqs[snapshot.referral_id] = desk.seqs[snapshot.referral_id] + 1
    desk.hear_event(PersonErased(snapshot=snapshot, remains="0" * 64), snapshot.referral_id, seq)


def knowing(desk: Desk) -> list[str]:
    """Where a table still tells of the person."""
    found = []
    with desk.wired.database.transaction() as session:
        for table in inspect(session.connection()).get_table_names():
            rows = session.execute(text(f'SELECT * FROM "{table}"')).all()  # noqa: S608
            content = "\n".join(str(value) for row in rows for value in row)
            found += [f"{word} in {table}" for word in TOLD if word in content]
    return found


def test_nothing_of_the_person_stays_and_the_replay_proves_the_rest(desk: Desk) -> None:
    desk.opened(harbour=1, lodge=1)
    known, other = submitted(**PERSON), submitted()
    desk.hear(known, other)
    desk.decide()
    assert {line.rpartition(" ")[2] for line in knowing(desk)} >= {"journal", "requests"}
    erase(desk, known)
    assert knowing(desk) == []
    assert desk.replayed() == []
    with desk.wired.database.transaction() as session:
        (erased,) = decisions.of(session, known.referral_id)
    assert erased.considered == ()
    assert [choice.score for choice in erased.choices] == [0.0] * len(erased.choices)


def test_a_decision_about_somebody_else_is_still_made_again(desk: Desk) -> None:
    desk.opened(harbour=2)
    known, other = submitted(**PERSON), submitted()
    desk.hear(known, other)
    desk.decide()
    erase(desk, known)
    _answer(desk, other, "unplaced")
    assert len(desk.replayed()) == 1
    _answer(desk, other, "routed")


def _answer(desk: Desk, about: Snapshot, answer: str) -> None:
    with desk.wired.database.transaction() as session:
        here = DecisionRow.referral_id == about.referral_id
        session.execute(update(DecisionRow).where(here).values(answer=answer))


@pytest.mark.parametrize("seed", range(4))
def test_whoever_is_erased_the_places_of_all_others_come_out_the_same(
    desk: Desk, seed: int
) -> None:
    dice = Random(seed)  # noqa: S311 - no secret
    desk.opened(harbour=2, lodge=1, haven=1)
    people = [submitted(urgency=dice.choice(list(Urgency)), age=30 + n) for n in range(9)]
    for person in people:
        desk.hear(person)
        if dice.random() < 0.4:
            desk.decide()
    desk.decide()
    for person in dice.sample(people, 5):
        places = desk.holds(person)
        if places and dice.random() < 0.5:
            desk.hear(offered(person, *places[:1]), held(person, places[0]))
        else:
            desk.hear(attempt(person, 2, excluded=tuple(places)))
        desk.decide()
    assert desk.replayed() == []
    for person in dice.sample(people, 4):
        erase(desk, person)
        desk.decide()
        assert desk.replayed() == []
    desk.state("lodge-beds", 3)
    desk.decide()
    assert desk.replayed() == []


def test_entries_that_do_not_say_about_whom_they_decided_are_understood(desk: Desk) -> None:
    desk.opened(harbour=1)
    known, other = submitted(**PERSON), submitted()
    desk.hear(known, other)
    desk.decide()
    with desk.wired.database.transaction() as session:
        for row in session.scalars(select(JournalRow).where(JournalRow.kind == "tick")):
            row.body = {name: value for name, value in row.body.items() if name != "decided"}
    erase(desk, known)
    assert desk.replayed() == []
