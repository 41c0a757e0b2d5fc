"""A large directory in parts says the same as in one piece, and each part can stand alone."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.cli.directory_parts import parts_of, send
from services.cli.directory_source import Found, Placed
from services.matcher.hsds.parse import Parsed, parse

SOME = st.integers(0, 5)
LINKS = st.lists(st.tuples(SOME, SOME), max_size=8)


def found(services: list[int], links: list[tuple[int, int]], doors: list[int]) -> Found:
    """Agencies, services that are each one's, and places that some share, some at one door."""
    rows: dict[str, list[dict[str, str]]] = {
        "organizations": [{"id": f"a{n}", "name": f"Agency {n}"} for n in range(6)],
        "services": [
            {"id": f"s{n}", "organization_id": f"a{owner}", "name": "S", "status": "active"}
            for n, owner in enumerate(services)
        ],
        "attributes": [
            {"id": f"t{n}", "link_id": f"s{n}", "taxonomy_term_id": _need(n)}
            for n in range(len(services))
        ],
        "locations": [{"id": f"l{n}", "latitude": "41.8", "longitude": "-90"} for n in range(6)],
        "service_at_location": [
            {"id": f"at{n}", "service_id": f"s{service}", "location_id": f"l{place}"}
            for n, (service, place) in enumerate(links)
        ],
        "addresses": [
            {"id": f"d{n}", "location_id": f"l{n}", "address_1": f"{door} Quay", "city": "Port"}
            for n, door in enumerate(doors)
        ],
        "taxonomies": [{"id": "need", "name": "Need", "description": "Need"}],
    }
    return Found({name: [Placed(n, row) for n, row in enumerate(of)] for name, of in rows.items()})


def _need(number: int) -> str:
    return f"need:{'domestic_violence_shelter' if number == 0 else 'emergency_shelter'}"


def sayings(parsed: Parsed) -> tuple[Any, ...]:
    listed = {(one.kind, one.id): one for one in parsed.listings}
    reasons = sorted((rejection.table, str(rejection.id)) for rejection in parsed.rejected)
    return (
        {program.id: program for program in parsed.programs},
        {agency.id for agency in parsed.agencies},
        listed,
        reasons,
    )


@given(st.lists(SOME, max_size=6), LINKS, st.lists(SOME, max_size=6))
@settings(max_examples=25, deadline=None)
def test_the_parts_say_together_what_the_whole_says(
    services: list[int], links: list[tuple[int, int]], doors: list[int]
) -> None:
    whole = found(services, links, doors)
    parts = parts_of(whole, largest=1)
    programs, agencies, listed, reasons = sayings(parse(whole.rows(), "UTC"))
    told = [sayings(parse(part.rows(), "UTC")) for part in parts]
    assert {key: value for one in told for key, value in one[0].items()} == programs
    assert {key for one in told for key in one[1]} == agencies
    assert {key: value for one in told for key, value in one[2].items()} == listed
    assert sorted(reason for one in told for reason in one[3]) == reasons


def test_what_is_small_is_one_part_and_what_is_large_is_as_few_as_fit() -> None:
    whole = found([0, 1, 2, 3, 4, 5], [], [])
    assert parts_of(whole) == [whole]
    sizes = [len(part.tables.get("services", ())) for part in parts_of(whole, largest=500)]
    assert sum(sizes) == 6
    assert 1 < len(sizes) < 6


@pytest.mark.parametrize("dry_run", [True, False])
def test_of_several_parts_each_is_tried_before_the_first_is_applied(*, dry_run: bool) -> None:
    posted: list[tuple[Found, bool]] = []
    parts = [Found({"services": [Placed(n, {"id": str(n)})]}) for n in range(2)]

    def post(part: Found, options: Any) -> dict[str, Any]:
        posted.append((part, options["dry_run"]))
        assert options["part"]
        return {}

    send(parts, post, dry_run=dry_run)
    first, second = parts
    tried = [(first, True), (second, True)]
    assert posted == (tried if dry_run else [*tried, (first, False), (second, False)])
