"""The decision table of likeness: who seems to be the same person, and by what."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.likeness import Likeness
from services.referral_api.domain.likeness import Traits, ages_agree, alike, traits

NAME, NEAR, PHONE, EMAIL = (
    Likeness.SAME_NAME,
    Likeness.SIMILAR_NAME,
    Likeness.SAME_PHONE,
    Likeness.SAME_EMAIL,
)


def person(name: str | None, age: int | None = None, **said: Any) -> Traits:
    return traits({"name": name} | said, age)


TABLE = [
    # Names: of two parts or more, in any order, with or without case, accents, punctuation.
    (person("Robin Marlowe"), person("Robin Marlowe"), [NAME]),
    (person("Robin Marlowe"), person("MARLOWE, Robin"), [NAME]),
    (person("José Núñez"), person("Jose Nunez"), [NAME]),
    (person("Siobhán O'Neill"), person("siobhan o\u2019neill"), [NAME]),
    (person("Robin"), person("Robin"), []),
    (person(None), person(None), []),
    (person("Robin Marlowe"), person(None), []),
    # One slip in each part that is long enough to have one; a part more or less.
    (person("Robin Marlowe"), person("Robyn Marlow"), [NEAR]),
    (person("Robin Marlowe"), person("Robin Malrowe"), [NEAR]),
    (person("Robin Marlowe"), person("Robin James Marlowe"), [NEAR]),
    (person("Robin Marlowe"), person("Robin Marsh"), []),
    (person("Kim Novak"), person("Tim Novak"), []),
    (person("Robin Marlowe"), person("Roben Marlow-Hill", 30), [NEAR]),
    (person("Anna Anna"), person("Anna Marlowe"), []),
    # Words that are no name make nobody the same, and nobody a stranger to anybody.
    (person("Unknown Male"), person("unknown, MALE"), []),
    (person("John Doe"), person("Doe, John #2"), []),
    (person("Refused Anonymous"), person("refused anonymous"), []),
    (person("No name given"), person("no name given"), []),
    (person("Test Test"), person("Test Test"), []),
    (person("Mr Hale"), person("Mr Hale"), []),
    (person("Unknown Robin Marlowe"), person("Robin Marlowe"), [NAME]),
    (person("Jane Doe", phone="5558675309"), person("Robin Hale", phone="5558675309"), [PHONE]),
    # Ages: what was stated of both must not lie further apart than two years.
    (person("Robin Marlowe", 34), person("Robin Marlowe", 36), [NAME]),
    (person("Robin Marlowe", 34), person("Robin Marlowe", 37), []),
    (person("Robin Marlowe", 34), person("Robin Marlowe"), [NAME]),
    (person(None, 34, phone="555 867 5309"), person(None, 60, phone="555 867 5309"), []),
    # Telephones and mailboxes: in any writing, unless another name says it is another person.
    (person(None, phone="+1 (555) 867-5309"), person(None, phone="555.867.5309"), [PHONE]),
    (person(None, phone="+44 20 7946 0958"), person(None, phone="+33 20 7946 0959"), []),
    (person(None, phone="112"), person(None, phone="112"), []),
    (person("Robin", phone="5558675309"), person("Robin M", phone="5558675309"), [PHONE]),
    (person("Robin Hale", phone="5558675309"), person("Ada Hale", phone="5558675309"), []),
    (person(None, email="R@example.org "), person("Robin", email="r@EXAMPLE.org"), [EMAIL]),
    (
        person("Robin Marlowe", phone="5558675309", email="r@example.org"),
        person("Marlowe Robin", phone="5558675309", email="r@example.org"),
        [NAME, PHONE, EMAIL],
    ),
]


@pytest.mark.parametrize(("one", "other", "why"), TABLE)
def test_the_table_of_likeness_reads_the_same_from_both_sides(
    one: Traits, other: Traits, why: list[Likeness]
) -> None:
    assert alike(one, other) == why
    assert alike(other, one) == why


@pytest.mark.parametrize(
    ("who", "comparable"),
    [
        (person("Robin"), False),
        (person(None), False),
        (person("  ", phone="12"), False),
        (person("Unknown Female"), False),
        (person("Robin Marlowe"), True),
        (person(None, phone="555-8675"), True),
        (person(None, email="r@example.org"), True),
    ],
)
def test_whoever_has_neither_name_nor_contact_is_compared_with_nobody(
    who: Traits, comparable: object
) -> None:
    assert who.comparable is comparable
    assert comparable or alike(who, person("Robin Marlowe")) == []


@given(st.text(max_size=40), st.integers(0, 120) | st.none())
def test_anybody_who_can_be_compared_is_like_themselves(name: str, age: int | None) -> None:
    who = person(name, age)
    assert (alike(who, who) == [NAME]) is who.comparable
    assert ages_agree(age, age)
