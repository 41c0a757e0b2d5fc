"""Opening the bundled city: its units, its directory and the mailboxes of its agencies."""

from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from services.cli import sheet
from services.cli.client import Client

Tables = dict[str, list[dict[str, str]]]

FOLDER: Final = Path(__file__).parent / "city"
TIME_ZONE: Final = "America/Chicago"
UNITS: Final = {
    "central": {"name": "Central precinct", "training": False},
    "riverside": {"name": "Riverside precinct", "training": False},
    "academy": {"name": "Police academy", "training": True},
}
TRAINING_UNIT: Final = "academy"
COORDINATOR_MAIL: Final = "coordinator@rivermouth.example.org"


def open_city(admin: Client, now: datetime) -> bool:
    """Load the bundled city where the directory is empty; returns whether it was.

    The directory comes last: a load that is broken off leaves it empty, and is done again.
    """
    if admin.get("/v1/programs", limit=1)["items"]:
        return False
    for unit_id, unit in UNITS.items():
        admin.put(f"/v1/units/{unit_id}", unit)
    for agency_id, contacts in _mailboxes(FOLDER).items():
        _state(admin, f"/v1/agencies/{agency_id}/contacts", contacts)
    _state(admin, "/v1/contacts/coordinator", [{"email": COORDINATOR_MAIL}])
    admin.post("/v1/directory/imports", directory_body(_stated(tables(FOLDER), now)))
    return True


def _stated(rows: Tables, now: datetime) -> Tables:
    """The tables with statements of now: older ones would have to be asked about."""
    at = {"updated": now.replace(microsecond=0).isoformat()}
    return rows | {"service_capacity": [row | at for row in rows["service_capacity"]]}


def _state(admin: Client, path: str, contacts: list[dict[str, Any]]) -> None:
    """State contacts where nobody did yet."""
    if not admin.read(path).version:
        admin.put(path, {"contacts": contacts})


def tables(folder: Path) -> Tables:
    """Every table of a folder as the import takes it; raises SheetError."""
    return {
        path.stem: [filled(row.cells) for row in sheet.read(path).rows]
        for path in sorted(folder.glob("*.csv"))
    }


def directory_body(
    rows: Tables, time_zone: str = TIME_ZONE, *, partial: bool = False
) -> dict[str, Any]:
    """The body of a directory import."""
    return {"tables": rows, "time_zone": time_zone, "accept_partial": partial}


def filled(cells: dict[str, str]) -> dict[str, str]:
    """A row without its empty cells: they say nothing, and a body has a largest size."""
    return {name: cell for name, cell in cells.items() if cell}


def _mailboxes(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The mailboxes of each agency, from the table of contacts."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in sheet.read(folder / "contacts.csv").rows:
        entry = {"name": row.cells["name"] or None, "email": row.cells["email"]}
        found[row.cells["organization_id"]].append(entry)
    return dict(found)
