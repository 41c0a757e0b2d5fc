"""Where an identity provider issues the tokens, a code is for whoever signed in there."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest

from contracts.vocabulary import Role
from services.chassis.actor import Actor
from services.chassis.jwks import PublishedKeys
from services.chassis.tokens import LEEWAY, Tokens
from services.notifier import app
from tests.integration.notifier.conftest import ADMIN, OWN, Desk, open_desk
from tests.integration.notifier.staffing import REDEEM, invite
from tests.ports.key_provider import Provider
from tests.ports.small_site import signing_keys

NIA: Final = Actor(subject="00u1-nia", role=Role.PARTNER, agency_id="harbour")
CONTACTS: Final = "/v1/agencies/harbour/contacts"


@dataclass(frozen=True, slots=True)
class Signed:
    """A notifier that verifies what a provider signs."""

    desk: Desk

    def redeem(self, who: Actor | None, code: str) -> Any:
        """Send a code, signed in as somebody."""
        if who is not None:
            return self.desk.call(who, "POST", REDEEM, {"code": code})
        return self.desk.service.app.test_client().post(REDEEM, json={"code": code})


@pytest.fixture
def signed(tmp_path: Path) -> Iterator[Signed]:
    """The notifier on a folder, and the provider beside it."""
    keys, provider = signing_keys(), Provider()
    provider.keys = list(keys.keys)
    local = open_desk(tmp_path / "home")
    local.service.close()
    published = Tokens(PublishedKeys(provider.url), "handoff", "handoff")
    service = app.build(replace(local.platform, tokens=published), OWN)
    issuing = replace(local.platform, tokens=Tokens(keys, "handoff", "handoff"))
    yield Signed(Desk(service, issuing, local.clock))
    service.close()
    provider.close()


def test_the_callers_own_subject_takes_up_the_post_and_no_token_is_made(signed: Signed) -> None:
    staff_id, code = invite(signed.desk)
    assert signed.redeem(None, code).status_code == 401
    joined = signed.redeem(NIA, code)
    assert (joined.status_code, joined.json["subject"]) == (201, NIA.subject)
    assert joined.json["token"] is None
    assert signed.desk.call(NIA, "GET", f"/v1/staff/{staff_id}").status_code == 200
    _, second = invite(signed.desk)
    assert signed.redeem(NIA, second).status_code == 409


def test_a_token_for_another_post_takes_up_nothing_and_is_counted_as_a_guess(
    signed: Signed,
) -> None:
    _, code = invite(signed.desk)
    officer = Actor(subject=NIA.subject, role=Role.OFFICER, unit_id="central")
    for other in (replace(NIA, agency_id="elsewhere"), officer, ADMIN):
        assert signed.redeem(other, code).status_code == 404
    assert signed.redeem(NIA, code).status_code == 201


@pytest.mark.parametrize(("for_ever", "status"), [(False, 200), (True, 401)])
def test_who_left_is_let_in_with_a_later_token_unless_it_is_for_ever(
    signed: Signed, *, for_ever: bool, status: int
) -> None:
    desk = signed.desk
    staff_id, code = invite(desk)
    signed.redeem(NIA, code)
    _, another = invite(desk)
    gone = desk.call(ADMIN, "POST", f"/v1/staff/{staff_id}/leave", {"for_ever": for_ever})
    assert gone.json["state"] == "left"
    assert desk.call(NIA, "GET", CONTACTS).status_code == 401
    assert signed.redeem(NIA, another).status_code == 401
    desk.clock.advance(LEEWAY * 2)
    assert desk.call(NIA, "GET", CONTACTS).status_code == status
