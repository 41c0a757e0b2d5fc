"""`handoff token create`: tokens that the suite takes, and refusals in one line."""

import pytest

from services.chassis.tokens import Tokens
from services.cli.client import connect
from tests.integration.cli.conftest import Handoff, Town, line_of


def test_the_suite_takes_the_token(town: Town) -> None:
    made = town.handoff("token", "create", "--role", "officer", "--unit", "central")
    token = made.stdout.strip()
    with connect(town.suite.address, lambda: token) as officer:
        assert officer.get("/v1/referrals")["items"] == []


def test_the_token_says_who_and_for_how_long(town: Town) -> None:
    args = ("--role", "partner", "--agency", "ember-house", "--subject", "pat", "--hours", "2")
    token = town.handoff("token", "create", *args).stdout.strip()
    tokens: Tokens = town.suite.platform.tokens
    now = town.suite.platform.clock.now()
    actor = tokens.verify(token, now)
    assert (actor.subject, actor.role, actor.agency_id) == ("pat", "partner", "ember-house")


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (("--role", "partner"), 1, "a token for a partner needs its agency"),
        (("--role", "officer", "--agency", "x"), 1, "a token for a officer needs its unit"),
        (("--role", "admin", "--hours", "25"), 2, "'--hours': 25.0 is not in the range"),
        (("--role", "king"), 2, "'king' is not one of"),
        ((), 2, "Missing option '--role'"),
    ],
)
def test_what_cannot_be_made_is_said_in_one_line(
    town: Town, args: tuple[str, ...], code: int, said: str
) -> None:
    result = town.handoff("token", "create", *args)
    assert result.exit_code == code
    assert said in line_of(result)
    assert result.stdout == ""


def test_a_folder_without_keys_is_named(new_home: Handoff) -> None:
    result = new_home("token", "create", "--role", "admin")
    assert result.exit_code == 1
    assert str(new_home.home) in line_of(result)
    assert not new_home.home.exists()
