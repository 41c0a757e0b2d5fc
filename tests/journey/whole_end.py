"""What is held against the model when a town has come to rest: I1 to I5, and every figure."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select

from services.chassis.keys import person_keys
from services.cli.home import STORE
from services.cli.settle import under_way
from services.referral_api.tables import PersonField
from tests.journey import whole_figures as figures
from tests.journey.clockwork import Clockwork
from tests.journey.embedded_column import reading_engine, stores_in
from tests.journey.invariants import violations
from tests.journey.town import ADMIN, COORDINATOR, MANAGER
from tests.journey.whole_model import Town
from tests.journey.whole_reading import BreachError
from tests.journey.whole_things import PROTECTED, Referral

NO_DOOR: Final = "unknown"
# The door of a tally, which has neither urgency nor need of its own in the groups.
TALLY_DOOR: Final = "community"


def check_the_end(works: Clockwork, town: Town, said_no: int, tried: Counter[str]) -> None:
    """Raise BreachError for whatever does not hold."""
    _same("under way", under_way(works.get(ADMIN, "/ops/flow")), 0)
    with stores_in(works.settings.home) as stores:
        _same("invariants", violations(stores, works.settings.home / "mail"), [])
        left = {
            str(ident) for ident in stores.referral_api.scalars(select(PersonField.referral_id))
        }
    _same("erased and left", left & _erased(town), set())
    _same("keys left", _keys(works) & _erased(town), set())
    _check_disclosures(works, town)
    check_figures(works, town, said_no)
    attempts = works.get(MANAGER, "/v1/outcomes/firewall")["live"]["total"]
    _same("refused attempts", +Counter(attempts), +tried)
    _same("errors in the log", works.errors.getvalue(), "")


def _events(works: Clockwork, ident: str) -> frozenset[str]:
    """The types of a referral's events; each tells of one thing at most that moves it on."""
    items = works.get(COORDINATOR, f"/v1/referrals/{ident}/history")["items"]
    _same("numbers", [item["seq"] for item in items], list(range(1, len(items) + 1)))
    for item in items:
        now = item["data"]["snapshot"]
        movers = sum(bool(now[name]) for name in ("open_attempt", "live_offers", "holder"))
        ended = now["state"] in {"closed", "withdrawn", "entered_in_error"}
        _same(f"movers of {item['type']}", movers, 0 if ended else 1)
    return frozenset(_short(item["type"]) for item in items)


def _short(name: str) -> str:
    return name.removeprefix("handoff.").partition(".v")[0]


def _check_disclosures(works: Clockwork, town: Town) -> None:
    """I5: every read is there, and none after the person revoked."""
    for referral in town.referrals.values():
        if referral.reads or referral.revoked_at:
            path = f"/v1/referrals/{referral.id}/disclosures"
            items = works.get(COORDINATOR, path)["items"]
            _same("disclosures", len(items), referral.reads)
            end = referral.revoked_at
            late = [i for i in items if end and datetime.fromisoformat(i["at"]) > end]
            _same("disclosed after the revocation", late, [])


def check_figures(works: Clockwork, town: Town, said_no: int) -> None:
    """Every count and time, whole and by what an erasure and a correction change."""
    told = {ident: _events(works, ident) for ident in town.referrals}
    counted = figures.counted(town.referrals.values())
    _check_funnel(works, figures.counts(counted, told, works.clock.now(), said_no))
    for by, key in KEYS.items():
        shown = works.get(MANAGER, f"/v1/outcomes/summary?by={by}")
        now = works.clock.now()
        _same_figures("all", shown["total"], counted, told, (now, said_no))
        parts = {group["value"]: group for group in shown["groups"]}
        for value, its in _grouped(counted, key).items():
            tallies = said_no if by == "entry_door" and value == TALLY_DOOR else 0
            _same_figures(f"{by} {value}", parts.pop(value), its, told, (now, tallies))
        _same(f"other groups by {by}", set(parts) - {TALLY_DOOR, NO_DOOR}, set())


def _check_funnel(works: Clockwork, right: Mapping[str, int]) -> None:
    shown = works.get(MANAGER, "/v1/outcomes/funnel")
    for stage in (*shown["stages"], *shown["beside"]):
        name = stage["stage"]
        _same(f"the funnel's {name}", stage["count"], right.get(name, 0))


def _same_figures(
    what: str,
    shown: Mapping[str, Any],
    referrals: Iterable[Referral],
    told: figures.Told,
    beside: tuple[datetime, int],
) -> None:
    its = list(referrals)
    right = figures.counts(its, told, *beside)
    _same(f"counts of {what}", +Counter(shown["counts"]), +right)
    _same(f"times of {what}", shown["times"], figures.times(its))


def _grouped(
    referrals: Iterable[Referral], key: Callable[[Referral], str]
) -> dict[str, list[Referral]]:
    found: dict[str, list[Referral]] = defaultdict(list)
    for referral in referrals:
        found[key(referral)].append(referral)
    return found


def _door(referral: Referral) -> str:
    return NO_DOOR if referral.erased or referral.need == PROTECTED else referral.door


KEYS: Final[Mapping[str, Callable[[Referral], str]]] = {
    "entry_door": _door,
    "urgency": lambda referral: referral.urgency,
}


def _erased(town: Town) -> set[str]:
    return {referral.id for referral in town.referrals.values() if referral.erased}


def _keys(works: Clockwork) -> set[str]:
    with reading_engine(works.settings.keys / STORE).connect() as connection:
        return set(connection.scalars(select(person_keys.c.person)))


def _same(what: str, found: Any, right: Any) -> None:
    if found != right:
        raise BreachError(f"{what}: {found}, not {right}")
