"""`handoff token create`: tokens that the suite takes, and refusals in one line."""

import pytest

from services.chassis.tokens import Tokens
from services.cli import people
from services.cli.client import ClientError, connect
from tests.integration.cli.conftest import Handoff, Town, line_of

SUBMISSION = {
    "encounter_id": "2f1d9f4e-6f5c-4a39-9d53-6a4c1f0d8a11",
    "need": "counselling",
    "urgency": "routine",
    "entry_door": "community",
    "voluntary": True,
    "person": {"where_to_find": "by the mill", "safe_contact": "in_person_only"},
    "consent": {"scope": "contact_and_need", "given_by": "self", "method": "spoken"},
}


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
    ("args", "subject"),
    [
        (("--role", "officer", "--unit", "central"), "officer@central"),
        (("--role", "officer", "--unit", "riverside"), "officer@riverside"),
        (("--role", "partner", "--agency", "ember-house"), "desk@ember-house"),
        (("--role", "coordinator"), "coordinator"),
    ],
)
def test_who_gives_no_name_is_one_of_their_unit_or_agency(
    town: Town, args: tuple[str, ...], subject: str
) -> None:
    token = town.handoff("token", "create", *args).stdout.strip()
    now = town.suite.platform.clock.now()
    assert town.suite.platform.tokens.verify(token, now).subject == subject


def test_officers_of_two_units_do_not_see_each_others_referrals(town: Town) -> None:
    told = town.acting(people.officer("riverside"))
    before = len(list(told.items("/v1/referrals")))
    town.acting(people.officer("central")).post("/v1/referrals", SUBMISSION)
    assert len(list(told.items("/v1/referrals"))) == before


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


def test_a_revoked_token_is_refused_and_a_later_one_passes(town: Town) -> None:
    made = town.handoff("token", "create", "--role", "manager", "--subject", "max").stdout.strip()
    with connect(town.suite.address, lambda: made) as manager:
        assert manager.get("/v1/outcomes/summary")["from"] is None
        said = town.handoff.calling("token", "revoke", "max")
        assert said.exit_code == 0, said.output
        assert said.stdout.startswith("refused: max, issued until 20")
        with pytest.raises(ClientError, match="has ended") as refused:
            manager.get("/v1/outcomes/summary")
    assert refused.value.status == 401


def test_the_name_of_the_caller_is_revoked_where_it_is_somebody_elses(town: Town) -> None:
    said = town.handoff.calling("token", "revoke", "admin", "--agency", "nowhere", "--for-ever")
    assert (said.exit_code, said.stdout.startswith("refused: admin,")) == (0, True)


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        ((), 2, "give a SUBJECT, or --token-id"),
        (("max", "--token-id", "x"), 2, "give a SUBJECT, or --token-id"),
        (("max", "--agency", "a", "--unit", "b"), 1, "unit_id"),
        (("admin",), 1, "nobody ends their own access"),
    ],
)
def test_what_cannot_be_revoked_is_said_in_one_line(
    town: Town, args: tuple[str, ...], code: int, said: str
) -> None:
    result = town.handoff.calling("token", "revoke", *args)
    assert result.exit_code == code
    assert said in line_of(result)
