"""Deadlines: minutes by sector, state and urgency, read from a data file and checked."""

import tomllib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from contracts.vocabulary import ReferralState, Sector, Urgency
from services.chassis.settings import SettingError
from services.referral_api import settings
from services.referral_api.domain.deadlines import from_tables
from services.referral_api.domain.referral import REVIEWED

NOW = datetime(2027, 3, 1, 15, tzinfo=UTC)


def bundled() -> dict[str, Any]:
    return tomllib.loads(settings.BUNDLED.read_text(encoding="utf-8"))


def test_the_bundled_file_gives_minutes_for_every_sector_state_and_urgency() -> None:
    found = from_tables(bundled())
    assert set(found.offers) == set(product(Sector, Urgency))
    assert set(found.reviews) == set(product(REVIEWED, Urgency))


def test_the_more_urgent_an_offer_the_sooner_it_lapses() -> None:
    found = from_tables(bundled())
    for sector in Sector:
        waits = [found.offers[sector, urgency] for urgency in Urgency]
        assert waits == sorted(waits)
        assert len(set(waits)) == len(waits)


def test_an_offer_is_to_be_answered_after_its_minutes() -> None:
    found = from_tables(bundled())
    due = found.answer_by(Sector.MENTAL_HEALTH, Urgency.CRISIS, NOW)
    assert due == NOW + timedelta(minutes=30)


def test_a_review_runs_in_every_waiting_state_and_in_no_other() -> None:
    found = from_tables(bundled())
    for state in ReferralState:
        due = found.review_at(state, Urgency.ROUTINE, NOW)
        assert (due is not None) == (state in REVIEWED)
        assert due is None or due > NOW


def test_an_encounter_is_open_for_its_minutes_and_no_longer() -> None:
    found = from_tables(bundled() | {"encounter": {"open": 90}})
    assert found.encounter_is_open(NOW, NOW + timedelta(minutes=89, seconds=59))
    assert not found.encounter_is_open(NOW, NOW + timedelta(minutes=90))


def test_a_file_that_is_older_than_the_encounter_is_read_as_the_bundled_one() -> None:
    older = bundled()
    del older["encounter"]
    assert from_tables(older).encounter == from_tables(bundled()).encounter == 720


@pytest.mark.parametrize("said", [{"open": 0}, {"open": "720"}, {"open": 1.5}, {}, 720, True])
def test_an_encounter_of_no_whole_minutes_is_named(said: object) -> None:
    with pytest.raises(ValueError, match=r"\[encounter\] open must be whole minutes"):
        from_tables(bundled() | {"encounter": said})


def without_a_sector(tables: dict[str, Any]) -> None:
    del tables["offers"]["youth"]


def with_a_strange_sector(tables: dict[str, Any]) -> None:
    tables["offers"]["food"] = {"crisis": 1}


def without_an_urgency(tables: dict[str, Any]) -> None:
    del tables["reviews"]["unplaced"]["crisis"]


def with_no_minutes(tables: dict[str, Any]) -> None:
    tables["offers"]["housing"]["urgent"] = 0


def with_text_for_minutes(tables: dict[str, Any]) -> None:
    tables["offers"]["housing"]["urgent"] = "soon"


def with_true_for_minutes(tables: dict[str, Any]) -> None:
    tables["offers"]["housing"]["urgent"] = True


def with_text_for_a_table(tables: dict[str, Any]) -> None:
    tables["offers"]["housing"] = "four hours"


def without_reviews(tables: dict[str, Any]) -> None:
    del tables["reviews"]


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (without_a_sector, r"\[offers"),
        (with_a_strange_sector, r"\[offers"),
        (without_an_urgency, r"\[reviews\.unplaced\] crisis"),
        (with_no_minutes, r"\[offers\.housing\] urgent"),
        (with_text_for_minutes, r"\[offers\.housing\] urgent"),
        (with_true_for_minutes, r"\[offers\.housing\] urgent"),
        (with_text_for_a_table, r"\[offers\.housing\] crisis"),
        (without_reviews, r"\[reviews"),
    ],
)
def test_a_wrong_file_is_refused_and_the_place_is_named(
    spoil: Callable[[dict[str, Any]], None], named: str
) -> None:
    tables = bundled()
    spoil(tables)
    with pytest.raises(ValueError, match=named):
        from_tables(tables)


def test_the_setting_names_another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = settings.BUNDLED.read_text(encoding="utf-8").replace("crisis = 30", "crisis = 20")
    mine = tmp_path / "mine.toml"
    mine.write_text(text, encoding="utf-8")
    monkeypatch.setenv("HANDOFF_DEADLINES", str(mine))
    found = settings.read().deadlines
    assert found.offers[Sector.MENTAL_HEALTH, Urgency.CRISIS] == 20


@pytest.mark.parametrize("text", [None, "[offers", "[offers.housing]\ncrisis = 0\n"])
def test_a_file_that_cannot_be_used_stops_the_start_and_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    mine = tmp_path / "mine.toml"
    if text is not None:
        mine.write_text(text, encoding="utf-8")
    monkeypatch.setenv("HANDOFF_DEADLINES", str(mine))
    with pytest.raises(SettingError, match=r"HANDOFF_DEADLINES: mine\.toml"):
        settings.read()
