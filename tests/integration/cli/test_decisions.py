"""`handoff decisions`: a coordinator reads why, and what would have changed it."""

import json
from uuid import uuid4

from services.cli import people
from tests.integration.cli.conftest import Town, line_of
from tests.journey.town import OFFICER, submission


def test_the_decisions_about_a_referral_are_listed_and_one_is_explained(town: Town) -> None:
    referral = town.acting(OFFICER).post("/v1/referrals", submission())["referral_id"]
    town.settle()
    listed = town.handoff.calling("decisions", "list", referral)
    assert listed.exit_code == 0, listed.stderr
    desk = town.acting(people.COORDINATOR)
    (decision,) = desk.items("/v1/decisions", referral_id=referral)
    assert decision["answer"] in listed.stdout
    shown = town.handoff.calling("decisions", "explain", decision["decision_id"])
    assert shown.exit_code == 0, shown.stderr
    (choice,) = decision["choices"]
    assert f"routed: {choice['program_id']} (attempt 1, " in shown.stdout
    assert f"{decision['fitting']} programs would take the person" in shown.stdout
    assert decision["changes"]
    assert all(change["told"] in shown.stdout for change in decision["changes"])
    said = town.handoff.calling("decisions", "explain", decision["decision_id"], "--json")
    assert json.loads(said.stdout) == decision


def test_a_decision_that_is_none_is_one_line(town: Town) -> None:
    unknown = town.handoff.calling("decisions", "explain", str(uuid4()))
    assert unknown.exit_code == 1
    assert line_of(unknown) == "handoff: no decision with this id is open to you"
    assert town.handoff.calling("decisions", "explain", "7").exit_code == 2
