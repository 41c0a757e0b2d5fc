"""`handoff who-can-help`: what it prints, and that nobody is left without a number to call."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, time, timedelta
from typing import Any, Final
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import structlog

from services.chassis.postgres import pooled_engine
from services.chassis.waiters import Waiters
from services.cli import city, people
from services.cli.client import connect
from services.cli.up import running
from tests.integration.cli.conftest import Handoff, Town, line_of, settings_at
from tests.journey.town import submission

NOWHERE: Final = "postgresql+psycopg://nobody@127.0.0.1:1/nothing"
ASKED: Final = ("who-can-help", "crisis_stabilisation", "--place", "41.82,-90.18", "--age", "34")
SOON_S: Final = 15.0


def by_night(town: Town) -> str:
    """Three in the morning, by the clocks of the city."""
    now = town.suite.platform.clock.now().astimezone(ZoneInfo(city.TIME_ZONE))
    return datetime.combine(now + timedelta(days=1), time(3), now.tzinfo).isoformat()


def test_it_prints_who_is_open_whom_to_call_and_the_crisis_line(town: Town) -> None:
    shown = town.handoff.calling(*ASKED, "--language", "es")
    assert shown.exit_code == 0, shown.stderr
    assert "Open now, with a place" in shown.stdout
    assert shown.stdout.splitlines()[-1] == "crisis line: 988"
    said = town.handoff.calling(*ASKED, "--json").stdout
    found = json.loads(said)
    assert all(program["name"] in shown.stdout for program in found["open"])
    assert [program["free"] > 0 for program in found["open"]] == [True] * len(found["open"])


def test_of_a_protected_need_it_prints_a_telephone_and_no_address(town: Town) -> None:
    found = json.loads(
        town.handoff.calling("who-can-help", "domestic_violence_shelter", "--json").stdout
    )
    listed = found["open"] + found["ask"]
    assert listed
    assert {(one["address"], one["distance_km"]) for one in listed} == {(None, None)}
    assert all(one["phone"] for one in listed)


def test_where_none_is_open_it_says_who_opens_first(town: Town) -> None:
    shown = town.handoff.calling("who-can-help", "family_mediation", "--at", by_night(town))
    assert shown.exit_code == 0, shown.stderr
    assert "no program is known to be open with a place for this person\n" in shown.stdout
    assert "opens first: " in shown.stdout


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("a_bed",), "a_bed"),
        (("counselling", "--place", "here"), "here is not like 41.82,-90.18"),
        (("counselling", "--place", "95,0"), "place.latitude"),
        (("counselling", "--at", "tonight"), "at: "),
        (("counselling", "--at", "2020-03-01T10:00-06:00"), "at: must lie between now and"),
        (("counselling", "--age", "-1"), "age: "),
        (("counselling", "--language", "Spanish"), "language: "),
    ],
)
def test_what_cannot_be_is_one_line_that_names_it(
    town: Town, args: tuple[str, ...], said: str
) -> None:
    result = town.handoff.calling("who-can-help", *args)
    assert result.exit_code != 0
    assert said in line_of(result)
    assert "crisis line" not in line_of(result)


def test_with_the_matcher_away_it_prints_the_crisis_line_of_the_suite(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    matcher = next(one for one in town.suite.services if one.name == "matcher")
    monkeypatch.setenv("HANDOFF_CRISIS_LINE", "116 123")
    with monkeypatch.context() as away, structlog.testing.capture_logs():
        away.setattr(matcher.database, "engine", pooled_engine(NOWHERE, 4))
        result = town.handoff.calling(*ASKED)
    assert result.exit_code == 1
    assert line_of(result).startswith("handoff: crisis line: 988 (the database does not answer")


def test_where_nobody_answers_it_prints_the_crisis_line_of_the_settings(
    new_home: Handoff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANDOFF_CRISIS_LINE", "116 123")
    result = new_home(*ASKED, "--url", "http://127.0.0.1:1", "--token", "some")
    assert result.exit_code == 1
    assert line_of(result).startswith("handoff: crisis line: 116 123 (no answer from")


def test_who_waits_for_an_offer_is_answered_when_the_suite_stops(
    stopped: Handoff, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits, wait = threading.Event(), Waiters.wait

    def told(self: Waiters, found: Callable[[], bool], seconds: float) -> None:
        waits.set()
        wait(self, found, seconds)

    monkeypatch.setattr(Waiters, "wait", told)
    with ThreadPoolExecutor(1) as pool:
        with running(settings_at(stopped.home)) as suite:
            sign_in = people.sign_in(suite.settings)
            with connect(suite.address, sign_in(people.ADMIN)) as admin:
                admin.put("/v1/units/central", city.UNITS["central"])

            def await_offer() -> Any:
                with connect(suite.address, sign_in(people.officer("central"))) as officer:
                    made = officer.post("/v1/referrals", submission(urgency="crisis"), str(uuid4()))
                    return officer.get(f"/v1/referrals/{made['referral_id']}", wait=30)

            answer = pool.submit(await_offer)
            assert waits.wait(SOON_S)
        assert answer.result(SOON_S)["receiver"] is None
