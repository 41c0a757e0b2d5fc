"""A first map for sheets that are not HSDS, proposed from their headers and cells; pure."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from contracts.vocabulary import Need
from services.matcher.hsds.cells import point_in

MOST_VALUES: Final = 40
_LATITUDES: Final = 90
# What a column may be called, small letters and one underscore between words; first fits first.
_CALLED: Final[dict[str, tuple[str, ...]]] = {
    "organization": (
        "organization_name",
        "organisation_name",
        "agency_name",
        "agency",
        "provider",
        "provider_name",
        "org_name",
        "organization",
        "organisation",
    ),
    "organization_id": ("organization_uuid", "organization_id", "agency_id", "org_id"),
    "service_id": ("service_uuid", "service_id", "program_id", "record_id", "id"),
    "service": ("service_name", "program_name", "service", "program", "name"),
    "location_id": ("location_uuid", "location_id", "site_id"),
    "location": ("location_name", "site_name", "site"),
    "description": ("service_description", "organization_description", "description", "notes"),
    "alternate_name": ("service_alternate_name", "organization_alternate_name", "alternate_name"),
    "email": ("service_email", "organization_email", "email", "e_mail"),
    "url": ("service_url", "organization_url", "location_url", "website", "url", "web"),
    "minimum_age": ("service_min_age", "minimum_age", "min_age", "age_from"),
    "maximum_age": ("service_max_age", "maximum_age", "max_age", "age_to"),
    "eligibility": ("people_served", "eligibility", "eligibility_description", "who_is_served"),
    "fees": ("fees", "fees_description", "cost"),
    "point": ("latlon", "lat_lon", "latlng", "lat_lng", "lonlat", "coordinates", "geo_point"),
    "latitude": ("latitude", "lat", "y"),
    "longitude": ("longitude", "long", "lng", "lon", "x"),
    "address": ("location_address", "full_address", "street_address", "address", "address_1"),
    "city": ("city", "town"),
    "state": ("state", "state_province", "province"),
    "postal_code": ("zip_code", "zip", "postal_code", "postcode"),
    "phone": ("phone_number", "phone", "phones", "telephone", "tel", "hotline"),
    "hours": ("hours", "days", "opening_hours", "days_hours", "schedule", "hours_of_operation"),
    "opens": ("time_open", "opens_at", "open_time", "opens", "open"),
    "closes": ("time_close", "closes_at", "close_time", "closes", "close"),
    "category": ("category", "service_type", "type", "need", "service_problem_codes", "taxonomy"),
}


@dataclass(frozen=True, slots=True)
class Headed:
    """A sheet: its file, its columns, its rows, and whether its places lie west of Greenwich."""

    file: str
    columns: Sequence[str]
    rows: Sequence[Mapping[str, str]]
    western: bool = False


@dataclass(slots=True)
class _Block:
    """One table of the map, as lines of TOML."""

    table: str
    file: str
    lines: list[str] = field(default_factory=list)

    def put(self, name: str, value: object) -> "_Block":
        self.lines.append(f"{name} = {json.dumps(value, ensure_ascii=False)}")
        return self

    def group(self, name: str, values: Mapping[str, str | None]) -> "_Block":
        """A table of texts; those that are None are left out."""
        given = {key: value for key, value in values.items() if value}
        if given:
            inner = ", ".join(f"{key} = {_quoted(value)}" for key, value in given.items())
            self.lines.append(f"{name} = {{ {inner} }}")
        return self

    def text(self) -> str:
        """The block."""
        head = f"[[tables]]\ntable = {_quoted(self.table)}\nsheet = {_quoted(self.file)}"
        return "\n".join([head, *self.lines])


def propose(sheets: Sequence[Headed], time_zone: str) -> str:
    """A map in TOML that loads as it stands, with what is left to decide in comments."""
    western = time_zone.startswith(("America/", "US/"))
    sheets = [replace(one, western=western) for one in sheets]
    parts = [
        "# Proposed from the headers: read it, mend it, and try it with --dry-run.",
        f'time_zone = {_quoted(time_zone)}\nblank = ["N/A", "NA", "-"]',
    ]
    for one in sheets:
        called = _called(one.columns)
        blocks = list(_blocks(one, called))
        parts += [block.text() for block in blocks]
        used = {column for column in called.values() if any(column in b.text() for b in blocks)}
        unused = [column for column in one.columns if column not in used]
        if unused:
            parts.append(f"# {one.file}: not used: {', '.join(unused)}".replace("\n", " "))
    return "\n\n".join(parts) + "\n"


def _called(columns: Iterable[str]) -> dict[str, str]:
    """What each column is, as far as its name tells."""
    names = {re.sub(r"[^a-z0-9]+", "_", column.lower()).strip("_"): column for column in columns}
    found: dict[str, str] = {}
    for what, called in _CALLED.items():
        column = next((names[name] for name in called if name in names), None)
        if column is not None and column not in found.values():
            found[what] = column
    return found


def _blocks(one: Headed, called: Mapping[str, str]) -> Iterator[_Block]:
    """The tables that a sheet makes: of places alone, of agencies alone, or of everything."""
    if "location_id" in called and "service_id" not in called:
        yield from _places(one, called, _own(called, "location_id"))
    elif "service_id" in called or "service" in called or "category" in called:
        yield from _services(one, called)
    else:
        yield _organizations(one, called)


def _services(one: Headed, called: Mapping[str, str]) -> Iterator[_Block]:
    own = _own(called, "service_id") or _template(called, "organization", "service", "address")
    if "organization_id" not in called:
        yield _organizations(one, called)
    name = _template(called, "service") or _template(called, "organization", "category")
    said = _columns(called, "description alternate_name email url minimum_age maximum_age")
    said |= {"eligibility_description": called.get("eligibility")}
    said |= {"fees_description": called.get("fees")}
    yield (
        _Block("services", one.file)
        .group("constants", {"status": "active"})
        .group("ids", {"id": own, "organization_id": _agency(called)})
        .group("texts", {"name": name.replace("} {", "}: {")})
        .group("columns", said)
    )
    yield from _details(one, called, own)


def _details(one: Headed, called: Mapping[str, str], own: str) -> Iterator[_Block]:
    link = {"service_id": own}
    if "category" in called:
        block = _Block("attributes", one.file).group("ids", {"id": own, "link_id": own})
        block.group("constants", {"link_entity": "service"})
        block.lines += _terms(one, called["category"])
        yield block
    if "hours" in called:
        cells = {"text": called["hours"], "opens": called.get("opens")}
        cells["closes"] = called.get("closes")
        block = _Block("schedules", one.file).group("ids", {"id": own, **link})
        yield block.group("hours", cells)
    if {"address", "point", "latitude"} & called.keys():
        yield from _places(one, called, own)
        at = {"id": own, "location_id": own, **link}
        yield _Block("service_at_location", one.file).group("ids", at)
    elif "phone" in called:
        yield _phone(one, called, {"id": own, **link})


def _organizations(one: Headed, called: Mapping[str, str]) -> _Block:
    name = called.get("organization") or called.get("service") or one.columns[0]
    own = _agency(called) or f"{{{name}}}"
    block = _Block("organizations", one.file).put("once", value=True).group("ids", {"id": own})
    wanted: dict[str, str | None] = {"name": name}
    if "service_id" not in called:
        wanted |= _columns(called, "description alternate_name email")
        wanted |= {"website": called["url"]} if "url" in called else {}
    return block.group("columns", wanted)


def _places(one: Headed, called: Mapping[str, str], own: str) -> Iterator[_Block]:
    agency = _agency(called) if "location_id" in called else None
    block = _Block("locations", one.file).group("ids", {"id": own, "organization_id": agency})
    block.group("constants", {"location_type": "physical"})
    name = called.get("location") or called.get("organization")
    block.group("columns", {"name": name, **_degrees(called)})
    if "point" in called:
        block.group("point", {"column": called["point"], "order": _order(one, called["point"])})
    yield block
    if "address" in called:
        block = _Block("addresses", one.file).group("ids", {"id": own, "location_id": own})
        block.put("only_with", ["address_1"])
        yield _street(block, called)
    if "phone" in called:
        link = {"location_id": own} if "service_id" not in called else {"service_id": own}
        yield _phone(one, called, {"id": own, **link})


def _street(block: _Block, called: Mapping[str, str]) -> _Block:
    """A city beside it says that the column is a street; else it holds everything."""
    block.group("constants", {"country": "US", "address_type": "physical"})
    if "city" not in called:
        return block.put("address", called["address"])
    parts: dict[str, str | None] = {"address_1": called["address"], "city": called["city"]}
    parts |= {"state_province": called.get("state"), "postal_code": called.get("postal_code")}
    return block.group("columns", parts)


def _terms(one: Headed, column: str) -> Iterator[str]:
    """A rule for each value that is a need by name; the others wait for whoever knows."""
    cells = [row[column] for row in one.rows]
    values = Counter(part.strip() for cell in cells for part in cell.split(";") if part.strip())
    several = any(";" in cell for cell in cells)
    for value, _ in values.most_common(MOST_VALUES):
        plain = re.sub(r"[^a-z]+", "_", value.lower()).strip("_")
        terms = [f"need:{plain}"] if plain in list(Need) else []
        yield "[[tables.terms]]" + (
            "" if terms else "  # which need? none: listed, and not reached"
        )
        shown = f"*{value}*" if several else value
        yield f"when = {{ {_quoted(column)} = [{_quoted(shown)}] }}"
        yield f"terms = {json.dumps(terms)}"


def _order(one: Headed, column: str) -> str:
    """Which degrees come first: what is no latitude is a longitude, as all west are negative."""
    points = [point_in(row[column], longitude_first=False) for row in one.rows]
    pairs = [(float(p["latitude"]), float(p["longitude"])) for p in points if p]
    far = any(abs(first) > _LATITUDES for first, _ in pairs)
    west = one.western and pairs and all(first < 0 < second for first, second in pairs)
    name = re.sub(r"[^a-z]", "", column.lower())
    return "longitude latitude" if far or west or name.startswith("lon") else "latitude longitude"


def _phone(one: Headed, called: Mapping[str, str], ids: Mapping[str, str | None]) -> _Block:
    block = _Block("phones", one.file).group("ids", ids).put("only_with", ["number"])
    return block.put("phone", called["phone"])


def _degrees(called: Mapping[str, str]) -> dict[str, str | None]:
    if "point" in called:
        return {}
    return {name: called.get(name) for name in ("latitude", "longitude")}


def _own(called: Mapping[str, str], what: str) -> str:
    return f"{{{called[what]}}}" if what in called else ""


def _template(called: Mapping[str, str], *wanted: str) -> str:
    return " ".join(f"{{{called[what]}}}" for what in wanted if what in called)


def _agency(called: Mapping[str, str]) -> str:
    return _own(called, "organization_id") or _own(called, "organization")


def _columns(called: Mapping[str, str], wanted: str) -> dict[str, str | None]:
    return {name: called.get(name) for name in wanted.split()}


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
