"""A consent's rules: who may give it, whom it names, and when it opens anything."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from contracts.problems import ConflictError, InvalidError
from contracts.vocabulary import ConsentGiver, ConsentStatus, Sector, Urgency

_OLDEST: Final = 120
_NEEDED: Final = {
    ConsentStatus.CANNOT_CONSENT_NOW: "the person could not consent when they were met",
    ConsentStatus.EXPIRED: "the person's consent has expired",
    ConsentStatus.REVOKED: "the person has revoked their consent",
}


@dataclass(frozen=True, slots=True)
class MinorsRule:
    """From which age a person consents alone in a sector, and who may for anybody younger."""

    alone_from: int
    givers: frozenset[ConsentGiver]


@dataclass(frozen=True, slots=True)
class ConsentRules:
    """The rules of a data file; ``minutes`` to acknowledge a revocation, by urgency.

    ``source`` says on what the ages rest: the file makes no claim of law by itself.
    """

    minors: Mapping[Sector, MinorsRule]
    minutes: Mapping[Urgency, int]
    source: str

    def acknowledge_by(self, urgency: Urgency, now: datetime) -> datetime:
        """By when a holder has to acknowledge a revocation of now."""
        return now + timedelta(minutes=self.minutes[urgency])

    def may_give(self, giver: ConsentGiver, age: int | None, sector: Sector) -> bool:
        """Whether this giver may consent for a person of this age; an age not said is an adult's.

        For an adult anybody may whom the person is represented by: that is between them.
        """
        rule = self.minors[sector]
        return age is None or age >= rule.alone_from or giver in rule.givers

    def check(self, giver: ConsentGiver, age: int | None, sector: Sector, field: str) -> None:
        """Raise InvalidError naming the field where this giver may not consent."""
        if not self.may_give(giver, age, sector):
            rule = self.minors[sector]
            right = " or ".join(sorted(rule.givers))
            raise InvalidError(
                field, f"below the age of {rule.alone_from} consent for {sector} is by: {right}"
            )


@dataclass(frozen=True, slots=True)
class Recipients:
    """Who may receive the person: agencies and sectors that were named; none named = any."""

    agencies: frozenset[str] = frozenset()
    sectors: frozenset[Sector] = frozenset()

    def include(self, agency_id: str) -> bool:
        """Whether an agency may receive the person."""
        return not self.agencies or agency_id in self.agencies

    def check_sector(self, sector: Sector) -> None:
        """Raise InvalidError where what the person needs is of a sector that was not named."""
        if self.sectors and sector not in self.sectors:
            raise InvalidError("consent.sectors", f"the need is of {sector}, which is not named")


def standing(status: ConsentStatus, ends_at: datetime | None, now: datetime) -> ConsentStatus:
    """The status as of now: a consent is over at the moment that it named, noticed or not."""
    over = status is ConsentStatus.GIVEN and ends_at is not None and ends_at <= now
    return ConsentStatus.EXPIRED if over else status


def check_opens(status: ConsentStatus) -> None:
    """Raise ConflictError, saying what is needed, where the consent opens the person to nobody."""
    if status in _NEEDED:
        raise ConflictError(f"{_NEEDED[status]}: {_what_next(status)}")


def check_goes_on(status: ConsentStatus) -> None:
    """Raise ConflictError where no agency may take the person on: the consent is over."""
    if status is not ConsentStatus.CANNOT_CONSENT_NOW:
        check_opens(status)


def _what_next(status: ConsentStatus) -> str:
    if status is ConsentStatus.REVOKED:
        return "nothing of them is open any more"
    return "ask them, and record it with POST /v1/offers/{offer_id}/consent"


def rules_from(tables: Mapping[str, Any]) -> ConsentRules:
    """The rules of a data file; raises ValueError naming what is missing or wrong."""
    source = tables.get("source")
    if not isinstance(source, str) or not source.strip():
        raise ValueError("source must say on what the ages rest")
    minors = _table(tables, "minors", tuple(Sector))
    minutes = _table(tables, "acknowledge_revocation_within", tuple(Urgency))
    return ConsentRules(
        minors={sector: _rule(sector, minors[sector]) for sector in Sector},
        minutes={urgency: _minutes(urgency, minutes[urgency]) for urgency in Urgency},
        source=source.strip(),
    )


def _table(tables: Mapping[str, Any], name: str, rows: Collection[str]) -> Mapping[str, Any]:
    given = tables.get(name)
    if not isinstance(given, dict) or set(given) != set(rows):
        raise ValueError(f"[{name}] needs exactly: {', '.join(sorted(rows))}")
    return given


def _rule(sector: Sector, said: Any) -> MinorsRule:
    age = said.get("alone_from") if isinstance(said, dict) else None
    if type(age) is not int or not 0 <= age <= _OLDEST:
        raise ValueError(f"[minors.{sector}] alone_from must be an age in years")
    words, known = said.get("givers"), set(ConsentGiver) - {ConsentGiver.SELF}
    if not isinstance(words, list) or not words or not set(words) <= known:
        right = ", ".join(sorted(known))
        raise ValueError(f"[minors.{sector}] givers must be some of: {right}")
    return MinorsRule(age, frozenset(map(ConsentGiver, words)))


def _minutes(urgency: Urgency, said: Any) -> int:
    if type(said) is not int or said < 1:
        raise ValueError(f"[acknowledge_revocation_within] {urgency} must be whole minutes")
    return said
