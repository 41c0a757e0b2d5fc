"""Coarse facts: a cell in place of a point, and nothing at all for a protected need."""

from dataclasses import asdict
from typing import Any

import h3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.vocabulary import (
    PROTECTED_NEEDS,
    Accommodation,
    EntryDoor,
    Need,
    Sector,
    Urgency,
)
from services.referral_api.domain.facts import CELL_RESOLUTION, Facts, coarse

SAID: dict[str, Any] = {
    "name": "Robin",
    "entry_door": "community",
    "language": "es",
    "age": 34,
    "household_size": 2,
    "accommodations": ["pets", "wheelchair"],
    "place": {"latitude": 41.8, "longitude": -90.2},
    "preferred_programs": ["near-beds"],
    "avoided_programs": ["grim-beds"],
    "note": "a note",
}


def test_the_facts_are_what_was_said_made_coarse() -> None:
    found = coarse(Need.COUNSELLING, Urgency.URGENT, SAID)
    assert found == Facts(
        need=Need.COUNSELLING,
        urgency=Urgency.URGENT,
        entry_door=EntryDoor.COMMUNITY,
        language="es",
        age=34,
        household_size=2,
        accommodations=(Accommodation.PETS, Accommodation.WHEELCHAIR),
        cell=h3.latlng_to_cell(41.8, -90.2, 7),
        preferred=("near-beds",),
        avoided=("grim-beds",),
    )
    assert found.sector is Sector.MENTAL_HEALTH


@pytest.mark.parametrize("need", sorted(PROTECTED_NEEDS))
def test_a_protected_need_leaves_need_urgency_and_the_programs_to_avoid(need: Need) -> None:
    found = asdict(coarse(need, Urgency.CRISIS, SAID))
    kept = {name: value for name, value in found.items() if value not in (None, ())}
    assert kept == {"need": need, "urgency": Urgency.CRISIS, "avoided": ("grim-beds",)}


def test_what_was_not_said_stays_unsaid() -> None:
    found = coarse(Need.COUNSELLING, Urgency.URGENT, {"entry_door": "community"})
    assert (found.cell, found.age, found.language, found.avoided) == (None, None, None, ())


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_every_place_on_earth_has_a_cell_and_no_finer_one(lat: float, lng: float) -> None:
    said = SAID | {"place": {"latitude": lat, "longitude": lng}}
    cell = coarse(Need.COUNSELLING, Urgency.URGENT, said).cell
    assert h3.get_resolution(cell) == CELL_RESOLUTION
