"""Questions and answers at the matcher: what it asks, and who is judged again by an answer."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from contracts.events.facts import FactAdded
from contracts.events.snapshot import Snapshot
from contracts.questions import EligibilityCode, Question
from contracts.vocabulary import Need
from tests.integration.matcher.desk import Desk, attempt, offered, submitted, tables

READY, NONE = EligibilityCode.DOCUMENTS_READY, EligibilityCode.DOCUMENTS_NONE


def strict(**available: int) -> dict[str, Any]:
    """Shelters that all ask for papers; harbour takes adults alone."""
    found = tables(**available)
    for name in available:
        found["attributes"].append(
            {
                "id": f"{name}-papers",
                "link_id": f"{name}-beds",
                "link_entity": "service",
                "taxonomy_term_id": "eligibility:documents_required",
            }
        )
    found["services"][0]["minimum_age"] = "18"
    return found


def opened(desk: Desk, **available: int) -> Desk:
    response = desk.bring(strict(**available))
    assert response.status_code == 200, response.text
    return desk


def answered(desk: Desk, before: Snapshot, *codes: EligibilityCode, **facts: Any) -> Snapshot:
    """An answer was added, and nothing else changed."""
    known = replace(before.facts, eligibility=codes, **facts)
    snapshot = replace(before, facts=known)
    seq = desk.seqs[before.referral_id] = desk.seqs[before.referral_id] + 1
    desk.hear_event(FactAdded(snapshot=snapshot), before.referral_id, seq)
    return snapshot


def asked(desk: Desk, referral: Snapshot) -> list[str]:
    """What the last answer about a referral leaves open."""
    return list(desk.answers(referral)[-1].questions)  # type: ignore[attr-defined]


def explained(desk: Desk, referral_id: UUID) -> list[tuple[str, ...]]:
    """What the stored explanation of the last decision asks, program by program."""
    of = [one for one in desk.decisions() if one.referral_id == referral_id]
    last = max(of, key=lambda one: (one.attempt, one.number))
    return [found.questions for found in last.considered]


def test_an_answer_has_whoever_waits_judged_again_and_the_journal_proves_it(desk: Desk) -> None:
    opened(desk, harbour=0)
    referral = submitted()
    desk.hear(referral)
    desk.decide()
    assert (desk.kinds(referral), asked(desk, referral)) == (["Waitlisted"], ["age", "documents"])
    assert explained(desk, referral.referral_id) == [(Question.AGE, Question.DOCUMENTS)]
    referral = answered(desk, referral, NONE, age=30)
    desk.decide()
    assert (desk.kinds(referral)[-1], asked(desk, referral)) == ("Unplaced", [])
    desk.state("harbour-beds", 2)
    desk.decide()
    assert desk.kinds(referral) == ["Waitlisted", "Unplaced"]
    referral = answered(desk, referral, READY, age=30)
    desk.decide()
    assert desk.kinds(referral)[-1] == "Routed"
    assert desk.holds(referral) == ["harbour-beds"]
    assert desk.replayed() == []


def test_each_proposal_says_what_its_program_asks(desk: Desk) -> None:
    opened(desk, harbour=1)
    referral = submitted(age=40, eligibility=(READY,))
    desk.hear(referral)
    desk.decide()
    (routed,) = desk.answers(referral)
    assert asked(desk, referral) == []
    assert [c.questions for c in routed.choices] == [("age", "documents")]  # type: ignore[attr-defined]


def test_an_open_offer_stands_whatever_is_answered_and_the_next_attempt_knows_it(
    desk: Desk,
) -> None:
    opened(desk, harbour=1, lodge=1)
    referral = submitted(age=40)
    desk.hear(referral)
    desk.decide()
    (place,) = desk.holds(referral)
    live = offered(referral, place)
    desk.hear(live)
    live = answered(desk, live, NONE)
    desk.decide()
    assert (desk.kinds(live), desk.holds(live)) == (["Routed"], [place])
    desk.hear(attempt(live, 2, excluded=(place,)))
    desk.decide()
    assert desk.kinds(live)[-1] == "Unplaced"
    assert desk.replayed() == []


def test_a_question_does_not_vanish_because_its_program_said_no(desk: Desk) -> None:
    opened(desk, harbour=1)
    referral = submitted()
    desk.hear(referral)
    desk.decide()
    before = asked(desk, referral)
    desk.hear(attempt(referral, 2, excluded=("harbour-beds",)))
    desk.decide()
    assert desk.kinds(referral)[-1] == "Unplaced"
    assert asked(desk, referral) == before == ["age", "documents"]


def test_of_a_protected_need_nothing_is_asked(desk: Desk) -> None:
    given = strict(harbour=1)
    given["attributes"][0]["taxonomy_term_id"] = "need:domestic_violence_shelter"
    assert desk.bring(given).status_code == 200
    referral = submitted(need=Need.DOMESTIC_VIOLENCE_SHELTER)
    desk.hear(referral)
    desk.decide()
    (routed,) = desk.answers(referral)
    assert desk.kinds(referral) == ["Routed"]
    assert asked(desk, referral) == []
    assert [c.questions for c in routed.choices] == [()]  # type: ignore[attr-defined]
