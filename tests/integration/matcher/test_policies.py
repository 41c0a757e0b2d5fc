"""Which policy is in force: a named owner says so, wrong ones are refused, and it is kept."""

from dataclasses import asdict
from typing import Any

import pytest

from contracts.bodies.policies import PLAN_EVERY, PLAN_LASTS
from services.chassis import audit
from services.matcher.domain.policy import FRESH, Policy
from services.matcher.usecases.activate_policy import SUBJECT
from tests.integration.matcher.desk import ADMIN, COORDINATOR, OFFICER, Desk, partner
from tests.integration.matcher.policy_desk import AHEAD, MANAGER, activate, in_force


def test_a_named_owner_activates_a_policy_and_the_audit_keeps_it(desk: Desk) -> None:
    made = activate(desk, AHEAD)
    assert (made["number"], made["activated_by"]) == (1, ADMIN.subject)
    assert made["policy"]["foresight"] == Policy().foresight, "what is left out has its usual value"
    assert in_force(desk)["activated"]["because"] == "the winter shelter opens"
    for who in (OFFICER, COORDINATOR, MANAGER, partner("harbour")):
        activate(desk, AHEAD, who, status=403)
    activate(desk, {**AHEAD, "foresight": 0.5}, status=409)
    activate(desk, {"version": FRESH.version, "hold_back": True}, status=409)
    assert activate(desk, AHEAD)["number"] == 2
    items = desk.call(MANAGER, "GET", "/v1/policies").get_json()["items"]
    assert [one["number"] for one in items] == [1, 2]
    with desk.wired.database.transaction() as session:
        kept = audit.entries(session, SUBJECT)
        assert audit.verify_subject(session, SUBJECT) == []
    assert [entry["action"] for entry in kept] == ["policy.activated"] * 2
    assert kept[0]["detail"] == {"version": "winter-1", "number": 1, "hold_back": True}


@pytest.mark.parametrize(
    ("policy", "field"),
    [
        ({"version": "x", "foresigth": 1}, "foresigth"),
        ({"version": "x", "foresight": 2}, "foresight"),
        ({"version": "x", "weights": {"per_mile": 1}}, "weights"),
        ({"hold_back": True}, "version"),
        ({"version": "x", "worth": {"points": 0}}, "worth"),
        ({"version": "x", "worth": {"crisis": 0}}, "worth"),
        ({"version": "x", "plan_every": 60, "plan_lasts": 100}, "plan_lasts"),
    ],
)
def test_a_policy_that_is_wrong_is_refused_by_its_field(
    desk: Desk, policy: dict[str, Any], field: str
) -> None:
    errors = activate(desk, policy, status=422)["errors"]["policy"]
    assert field in errors


def test_what_a_policy_leaves_out_is_checked_by_what_it_will_be() -> None:
    assert (Policy().plan_every, Policy().plan_lasts) == (PLAN_EVERY, PLAN_LASTS)


def test_every_setting_of_a_policy_may_be_told_in_its_body(desk: Desk) -> None:
    whole = asdict(Policy(version="whole-1"))
    assert activate(desk, whole)["policy"] == whole
