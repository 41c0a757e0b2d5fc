"""The commands that look after a suite: mail, parked keys, outcomes, republishing."""

from datetime import timedelta

from services.chassis.clock import SettableClock
from services.cli import people
from services.cli.plan import plan_day
from tests.integration.cli.conftest import Handoff, Town, line_of


def submit_one(town: Town) -> str:
    """Submit the first referral of some day; its reference."""
    encounter = plan_day(5, town.suite.platform.clock.now()).encounters[0]
    officer = town.acting(people.officer("central"))
    receipt = officer.post("/v1/referrals", encounter.body, encounter.key)
    town.settle()
    return str(receipt["reference"])


def test_mail_shows_the_letters_and_tail_the_last_of_them(town: Town) -> None:
    reference = submit_one(town)
    everything = town.handoff("mail")
    assert everything.exit_code == 0
    assert reference in everything.stdout
    assert "Subject: " in everything.stdout
    last = town.handoff("mail", "--tail", "1")
    assert last.stdout.count("Subject: ") == 1


def test_a_folder_without_letters_says_so(new_home: Handoff) -> None:
    assert "no letters in" in new_home("mail").stdout


def test_nothing_parked_is_said(town: Town) -> None:
    shown = town.handoff.calling("parked", "list")
    assert shown.stdout == "nothing is parked, nothing is quarantined\n"
    assert town.handoff.calling("parked", "redrive", "--all").stdout == "nothing is parked\n"


def test_redriving_needs_a_whole_key_or_all(town: Town) -> None:
    for args in ((), ("--all", "--consumer", "matcher"), ("--consumer", "matcher")):
        result = town.handoff.calling("parked", "redrive", *args)
        assert result.exit_code == 2
        assert "--all" in line_of(result)
    unknown = ("--consumer", "matcher", "--topic", "referral.lifecycle", "--key", "none")
    result = town.handoff.calling("parked", "redrive", *unknown)
    assert result.exit_code == 1
    assert "parked key" in line_of(result)


def test_outcomes_prints_what_the_api_answers(town: Town) -> None:
    submit_one(town)
    count = town.acting(people.MANAGER).get("/v1/outcomes/funnel")["stages"][0]["count"]
    shown = town.handoff.calling("outcomes", "--by", "urgency")
    assert shown.exit_code == 0, shown.stderr
    (row,) = (line for line in shown.stdout.splitlines() if "│ submitted " in line)
    assert int(row.split("│")[2]) == count
    assert "│ crisis" in shown.stdout


def test_a_month_that_is_none_is_named(town: Town) -> None:
    result = town.handoff.calling("outcomes", "--from", "2026-13")
    assert result.exit_code == 1
    assert "from: must be a month as YYYY-MM" in line_of(result)


def test_republishing_leaves_the_figures_as_they_were(town: Town) -> None:
    submit_one(town)
    manager = town.acting(people.MANAGER)
    before = manager.get("/v1/outcomes/summary", by="agency")
    done = town.handoff.calling("republish")
    assert done.exit_code == 0, done.stderr
    assert "events published again; the figures are rebuilt" in done.stdout
    assert manager.get("/v1/outcomes/summary", by="agency") == before


def test_tokens_follow_the_clock_of_the_folder(town: Town) -> None:
    clock = town.suite.platform.clock
    assert isinstance(clock, SettableClock)
    clock.advance(timedelta(days=3))
    assert town.handoff.calling("parked", "list").exit_code == 0
