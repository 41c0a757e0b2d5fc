"""When two referrals seem to be of one person: the published rule, from what was said of both.

The rule errs towards asking: a coordinator decides, and nothing follows from likeness alone.
Nothing of it is stored but the words that say why.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import permutations
from typing import Any, Final

import h3

from contracts.likeness import Likeness
from services.referral_api.domain.no_names import without

# Referrals further apart than this are two encounters with two stories, whoever the person is.
WINDOW: Final = timedelta(days=14)
# The newest so many within unit and neighbourhood: what one submission may cost.
MOST_COMPARED: Final = 200
# The newest so many that are alike: a coordinator who is shown more can settle none of them.
MOST_PAIRS: Final = 10
# The ring of cells around the person's own: about 35 square kilometres.
RING: Final = 1
# An officer guesses; a guess of the same person seldom differs by more.
YEARS_APART: Final = 2
# What is looked at of each person; no note, no place, nothing of the need.
COMPARED: Final = ("name", "phone", "email")
# A given name alone fits too many people, a shorter number too many telephones.
FEWEST_PARTS: Final = 2
FEWEST_DIGITS: Final = 7
# National numbers are compared: with and without the country's code they are the same.
NATIONAL_DIGITS: Final = 10
# In shorter parts of a name one letter makes another name: Kim and Tim.
SHORTEST_MISSPELT: Final = 4
MOST_PARTS: Final = 5


@dataclass(frozen=True, slots=True)
class Traits:
    """What is compared of a person, put into one form; empty where it was not said."""

    name: tuple[str, ...] = ()
    phone: str = ""
    email: str = ""
    age: int | None = None

    @property
    def comparable(self) -> bool:
        """Whether anything was said by which a person could be known again."""
        return len(self.name) >= FEWEST_PARTS or bool(self.phone or self.email)


def traits(said: Mapping[str, Any], age: int | None) -> Traits:
    """The traits in what was said of a person, by the field names of the submission."""
    return Traits(
        name=_parts(said.get("name") or ""),
        phone=_digits(said.get("phone") or ""),
        email=(said.get("email") or "").strip().casefold(),
        age=age,
    )


def alike(one: Traits, other: Traits) -> list[Likeness]:
    """Why two referrals seem to be of one person; none where they do not.

    A name of two parts or more, or a telephone or mailbox that nobody of another name shares;
    never where the ages that were stated lie more than two years apart.
    """
    if not ages_agree(one.age, other.age):
        return []
    named = _by_name(one.name, other.name)
    strangers = bool(one.name and other.name) and not _may_be_one(one.name, other.name)
    shared = {
        Likeness.SAME_PHONE: bool(one.phone) and one.phone == other.phone,
        Likeness.SAME_EMAIL: bool(one.email) and one.email == other.email,
    }
    # A household and a shelter's desk share a telephone: other names say that they are others.
    reached = [] if strangers else [why for why, holds in shared.items() if holds]
    return [*named, *reached]


def neighbourhood(cell: str) -> list[str]:
    """The cells in which somebody met here may have been met before: this one and its ring."""
    return sorted(h3.grid_disk(cell, RING))


def ages_agree(one: int | None, other: int | None) -> bool:
    """Whether two stated ages can be of one person; what was not stated contradicts nothing."""
    return one is None or other is None or abs(one - other) <= YEARS_APART


def _by_name(one: Sequence[str], other: Sequence[str]) -> list[Likeness]:
    if min(len(one), len(other)) < FEWEST_PARTS:
        return []
    if sorted(one) == sorted(other):
        return [Likeness.SAME_NAME]
    return [Likeness.SIMILAR_NAME] if _may_be_one(one, other) else []


def _may_be_one(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether each part of the shorter name stands in the longer, give or take one letter each."""
    few, many = sorted((one, other), key=len)
    ways = permutations(many, len(few))
    return any(all(map(_same_part, few, way)) for way in ways)


def _same_part(one: str, other: str) -> bool:
    if one == other:
        return True
    return min(len(one), len(other)) >= SHORTEST_MISSPELT and _one_slip(one, other)


def _one_slip(one: str, other: str) -> bool:
    """Whether one letter was changed, left out or added, or two neighbours changed places."""
    short, long = sorted((one, other), key=len)
    if len(long) - len(short) > 1:
        return False
    at = next((n for n, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    left, over = short[at:], long[at:]
    if len(short) < len(long):
        return left == over[1:]
    return left[1:] == over[1:] or (left[:2] == over[1::-1] and left[2:] == over[2:])


def _parts(name: str) -> tuple[str, ...]:
    """The parts of a name without case, accents, punctuation and words that are no name."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    letters = "".join(c for c in plain if not unicodedata.combining(c) and c not in "'\u2019")
    return without(re.findall(r"\w+", letters))[:MOST_PARTS]


def _digits(phone: str) -> str:
    digits = "".join(c for c in phone if c in "0123456789")
    return digits[-NATIONAL_DIGITS:] if len(digits) >= FEWEST_DIGITS else ""
