"""Invites staff to the notifier of a test, and reads the codes from their letters."""

import re
from typing import Any, Final
from uuid import uuid4

from services.chassis.actor import Actor
from tests.integration.notifier.conftest import ADMIN, COORDINATOR, Desk

INVITATIONS: Final = "/v1/invitations"
REDEEM: Final = f"{INVITATIONS}/redeem"
NIA: Final = {"role": "partner", "agency_id": "harbour", "email": "nia@harbour.example.org"}
CODE: Final = re.compile(r"^Your code: ([0-9A-Z-]{39})$", re.MULTILINE)
HOURS: Final = {"weekdays": [1, 2, 3, 4, 5, 6, 7], "begins_at": "00:00", "ends_at": "00:00"}


def invite(desk: Desk, who: Actor = ADMIN, **changes: Any) -> tuple[str, str]:
    """Invite somebody: the id of the invitation, and the code that the letter brings."""
    answer, code = posted(desk, who, INVITATIONS, NIA | changes)
    return str(answer["staff_id"]), code


def posted(desk: Desk, who: Actor, path: str, body: Any) -> tuple[Any, str]:
    """The answer to a POST that causes a letter, and the code that it brings."""
    before = codes(desk)
    answer = desk.call(who, "POST", path, body)
    assert answer.status_code in {200, 201}, answer.text
    desk.work()
    (code,) = codes(desk) - before
    return answer.json, code


def codes(desk: Desk) -> set[str]:
    """Every code that stands in a letter."""
    return {code for letter in desk.mail for code in CODE.findall(letter.get_content())}


def redeem(desk: Desk, code: str, **said: Any) -> Any:
    """Send a code, without any token."""
    client = desk.service.app.test_client()
    return client.post(REDEEM, json={"code": code} | said)


def join(desk: Desk, **changes: Any) -> tuple[str, str, Actor]:
    """Invite somebody who takes it up: their id, their token, and who they are to the API."""
    staff_id, code = invite(desk, **({"email": f"{uuid4().hex}@example.org"} | changes))
    answer = redeem(desk, code)
    assert answer.status_code == 201, answer.text
    token = answer.json["token"]
    return staff_id, token, desk.platform.tokens.verify(token, desk.clock.now())


def calling(desk: Desk, token: str, method: str, path: str, body: Any = None) -> Any:
    """One request with a token as it was given."""
    headers = {"Authorization": f"Bearer {token}"}
    return desk.service.app.test_client().open(path, method=method, json=body, headers=headers)


def states(desk: Desk, template: str) -> list[tuple[str, str]]:
    """Recipient and state of every notice of a template."""
    items = desk.get(COORDINATOR, "/v1/notices")["items"]
    return [(n["recipient"], n["state"]) for n in items if n["template"] == template]
