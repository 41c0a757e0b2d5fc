"""Small directories for the journeys, as the HSDS tables that an import takes."""

from typing import Any, Final

TAXONOMIES: Final = ("need", "mark", "eligibility")
CENTRE: Final = {"latitude": 41.80, "longitude": -90.20}


def program(program_id: str, **values: Any) -> dict[str, Any]:
    """One program of a small directory; the agency's id is the part before the first slash."""
    return {
        "id": program_id.replace("/", "-"),
        "agency": program_id.partition("/")[0],
        "need": "emergency_shelter",
        "latitude": CENTRE["latitude"],
        "available": 5,
        "training": False,
        "eligibility": [],
    } | values


def directory(*programs: dict[str, Any]) -> dict[str, Any]:
    """The HSDS tables of a small directory, as the import takes them."""
    agencies = sorted({p["agency"] for p in programs})
    needs = sorted({p["need"] for p in programs})
    rules = sorted({rule for p in programs for rule in p["eligibility"]})
    terms = [
        {"id": f"{kind}:{code}", "code": code, "name": code, "taxonomy_id": kind}
        for kind, codes in (("need", needs), ("eligibility", rules))
        for code in codes
    ]
    terms.append(
        {
            "id": "mark:training",
            "code": "training",
            "name": "Training",
            "taxonomy_id": "mark",
        }
    )
    tables: dict[str, list[dict[str, str]]] = {
        "organizations": [{"id": a, "name": a.title(), "description": a} for a in agencies],
        "taxonomies": [{"id": t, "name": t, "description": t} for t in TAXONOMIES],
        "taxonomy_terms": [row | {"description": row["name"]} for row in terms],
    }
    for entry in programs:
        for table, rows in _program_rows(entry).items():
            tables.setdefault(table, []).extend(rows)
    return {"tables": tables, "time_zone": "America/Chicago", "accept_partial": False}


def _program_rows(entry: dict[str, Any]) -> dict[str, list[dict[str, str]]]:
    """The rows of one program that is open day and night and speaks English."""
    ident = entry["id"]
    mine = {"id": f"{ident}-1", "service_id": ident}
    ages = {name: str(entry[name]) for name in ("minimum_age", "maximum_age") if name in entry}
    hours = {"freq": "WEEKLY", "byday": "MO,TU,WE,TH,FR,SA,SU"}
    stated = {"available": str(entry["available"]), "updated": "2027-02-28T12:00:00Z"}
    service = {"id": ident, "organization_id": entry["agency"], "name": ident.title()}
    return _place_rows(entry) | {
        "services": [service | {"status": "active"} | ages],
        "attributes": _attribute_rows(entry),
        "languages": [mine | {"name": "English", "code": "en"}],
        "schedules": [mine | hours | {"opens_at": "00:00", "closes_at": "00:00"}],
        "phones": [mine | {"number": "+1 555 0100"}],
        "units": [{"id": f"{ident}-unit", "name": "places"}],
        "service_capacity": [mine | stated | {"unit_id": f"{ident}-unit"}],
    }


def _attribute_rows(entry: dict[str, Any]) -> list[dict[str, str]]:
    terms = [f"need:{entry['need']}"] + ["mark:training"] * entry["training"]
    terms += [f"eligibility:{rule}" for rule in entry["eligibility"]]
    link = {"link_id": entry["id"], "link_entity": "service"}
    return [
        link | {"id": f"{entry['id']}-{number}", "taxonomy_term_id": term}
        for number, term in enumerate(terms)
    ]


def _place_rows(entry: dict[str, Any]) -> dict[str, list[dict[str, str]]]:
    ident, place = entry["id"], f"{entry['id']}-place"
    point = {"latitude": str(entry["latitude"]), "longitude": str(CENTRE["longitude"])}
    kind = {"organization_id": entry["agency"], "location_type": "physical", "name": ident}
    at = {"id": f"{ident}-at", "service_id": ident, "location_id": place}
    found = {"locations": [{"id": place} | kind | point], "service_at_location": [at]}
    if "street" in entry:
        town = {"city": "Port", "state_province": "IL", "postal_code": "61201", "country": "US"}
        row = {"id": f"{place}-1", "location_id": place, "address_1": entry["street"]}
        found["addresses"] = [row | town | {"address_type": "physical"}]
    return found
