"""A policy is put in force at the desk of a matcher, and read again."""

from typing import Any

from contracts.vocabulary import Role
from services.chassis.actor import Actor
from tests.integration.matcher.desk import ADMIN, Desk

MANAGER = Actor(subject="manager-mo", role=Role.MANAGER)
AHEAD: dict[str, Any] = {"version": "winter-1", "hold_back": True}


def activate(desk: Desk, policy: dict[str, Any], who: Actor = ADMIN, status: int = 201) -> Any:
    body = {"policy": policy, "because": "the winter shelter opens"}
    response = desk.call(who, "POST", "/v1/policies", body)
    assert response.status_code == status, response.text
    return response.get_json()


def in_force(desk: Desk) -> Any:
    response = desk.call(MANAGER, "GET", "/v1/policies/in-force")
    assert response.status_code == 200, response.text
    return response.get_json()
