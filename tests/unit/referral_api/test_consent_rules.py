"""Consent rules: who may consent for whom, by the data file; whom a consent names; when it ends."""

import tomllib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from contracts.problems import ConflictError, InvalidError
from contracts.vocabulary import (
    CONTACTS_OF,
    ConsentGiver,
    ConsentStatus,
    ContactMode,
    SafeContact,
    Sector,
    Urgency,
)
from services.chassis.settings import SettingError
from services.referral_api import settings
from services.referral_api.domain import consent
from services.referral_api.domain.consent import Recipients, rules_from

NOW = datetime(2027, 3, 1, 15, tzinfo=UTC)


def bundled() -> dict[str, Any]:
    return tomllib.loads(settings.BUNDLED_RULES.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("sector", "giver"), list(product(Sector, ConsentGiver)))
def test_who_may_consent_is_what_the_data_file_says(sector: Sector, giver: ConsentGiver) -> None:
    said, rules = bundled()["minors"][sector], rules_from(bundled())
    for age in (None, *range(121)):
        of_age = age is None or age >= said["alone_from"]
        assert rules.may_give(giver, age, sector) == (of_age or giver in said["givers"])


def test_without_a_place_of_its_own_the_bundled_file_lets_no_minor_consent_alone() -> None:
    for sector in Sector:
        assert not rules_from(bundled()).may_give(ConsentGiver.SELF, 17, sector)
        assert rules_from(bundled()).may_give(ConsentGiver.SELF, 18, sector)


def test_a_giver_who_may_not_is_told_who_may() -> None:
    rules = rules_from(bundled())
    with pytest.raises(InvalidError, match="below the age of 18 consent for youth is by: guardian"):
        rules.check(ConsentGiver.SELF, 16, Sector.YOUTH, "consent.given_by")


def test_the_more_urgent_a_referral_the_sooner_its_revocation_is_acknowledged() -> None:
    rules = rules_from(bundled())
    due = [rules.acknowledge_by(urgency, NOW) for urgency in Urgency]
    assert due == sorted(due)
    assert due[0] == NOW + timedelta(minutes=bundled()["acknowledge_revocation_within"]["crisis"])


def without_a_sector(tables: dict[str, Any]) -> None:
    del tables["minors"]["youth"]


def with_an_age_in_words(tables: dict[str, Any]) -> None:
    tables["minors"]["housing"]["alone_from"] = "sixteen"


def with_the_minor_as_its_own_guardian(tables: dict[str, Any]) -> None:
    tables["minors"]["housing"]["givers"] = ["self"]


def with_no_time(tables: dict[str, Any]) -> None:
    tables["acknowledge_revocation_within"]["urgent"] = 0


def without_a_source(tables: dict[str, Any]) -> None:
    tables["source"] = " "


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (without_a_sector, "minors"),
        (with_an_age_in_words, "alone_from"),
        (with_the_minor_as_its_own_guardian, "givers"),
        (with_no_time, "urgent"),
        (without_a_source, "source"),
    ],
)
def test_a_file_with_a_mistake_is_refused_by_its_name(
    spoil: Callable[[dict[str, Any]], None], named: str
) -> None:
    tables = bundled()
    spoil(tables)
    with pytest.raises(ValueError, match=named):
        rules_from(tables)


def test_the_setting_names_another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = tmp_path / "mine.toml"
    text = settings.BUNDLED_RULES.read_text(encoding="utf-8")
    mine.write_text(text.replace("alone_from = 18", "alone_from = 14"), encoding="utf-8")
    monkeypatch.setenv("HANDOFF_CONSENT_RULES", str(mine))
    assert settings.read().consent_rules.may_give(ConsentGiver.SELF, 14, Sector.YOUTH)
    mine.write_text("source = 1", encoding="utf-8")
    with pytest.raises(SettingError, match=r"HANDOFF_CONSENT_RULES: mine\.toml: source"):
        settings.read()


def test_a_consent_that_names_nobody_is_for_whoever_serves_the_need() -> None:
    assert Recipients().include("anybody")
    named = Recipients(frozenset({"near"}), frozenset({Sector.HOUSING}))
    assert (named.include("near"), named.include("far")) == (True, False)
    named.check_sector(Sector.HOUSING)
    with pytest.raises(InvalidError, match="youth"):
        named.check_sector(Sector.YOUTH)


@pytest.mark.parametrize("status", ConsentStatus)
def test_a_given_consent_is_over_at_the_moment_that_it_named(status: ConsentStatus) -> None:
    given = status is ConsentStatus.GIVEN
    assert consent.standing(status, NOW + timedelta(seconds=1), NOW) is status
    assert consent.standing(status, None, NOW) is status
    over = ConsentStatus.EXPIRED if given else status
    assert consent.standing(status, NOW, NOW) is over


@pytest.mark.parametrize(
    ("status", "opens", "goes_on"),
    [
        (ConsentStatus.GIVEN, True, True),
        (ConsentStatus.CANNOT_CONSENT_NOW, False, True),
        (ConsentStatus.EXPIRED, False, False),
        (ConsentStatus.REVOKED, False, False),
    ],
)
def test_what_each_status_allows(status: ConsentStatus, *, opens: bool, goes_on: bool) -> None:
    for check, allowed in ((consent.check_opens, opens), (consent.check_goes_on, goes_on)):
        if allowed:
            check(status)
        else:
            with pytest.raises(ConflictError):
                check(status)


def test_every_rule_of_safe_contact_leaves_the_person_who_comes_by_themselves() -> None:
    assert set(CONTACTS_OF) == set(SafeContact)
    assert all(ContactMode.IN_PERSON in open_ways for open_ways in CONTACTS_OF.values())
