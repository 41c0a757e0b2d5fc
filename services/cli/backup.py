"""`handoff backup`: copies a suite while it runs, its data to one place and its keys to another."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

import click
from sqlalchemy.exc import SQLAlchemyError

from contracts.topics import Service
from services.chassis import cut, key_file
from services.chassis.cut import CutError
from services.chassis.database import sqlite_module
from services.chassis.faults import reason_of
from services.chassis.platform import MASTER
from services.chassis.settings import KEY_STORE, STORES, Settings
from services.cli import copied_files, copied_tables, copies, home, manifest, production, settings
from services.cli.access import Opened
from services.cli.checkup import Finding
from services.cli.home import HomeError
from services.cli.manifest import Column, Kind, Manifest
from services.cli.options import examples, home_option
from services.cli.screen import Meter, meter, say

STORES_IN: Final = "stores"
KEYS_IN: Final = "keys"
HOME_IN: Final = "home"
GENERATION: Final = "keys-*"
_STAMP: Final = "keys-%Y%m%dT%H%M%S.%fZ"


@dataclass(frozen=True, slots=True)
class Moment:
    """What was noted while nobody could write: when it was, the key files, who else is to come."""

    at: datetime
    keys: Mapping[str, bytes]
    files: list[Path]


@dataclass(frozen=True, slots=True)
class Places:
    """Where the two parts go."""

    data: Path
    keys: Path


@click.command(
    epilog=examples(
        "handoff backup /backup/2027-03-01 --keys /vault/handoff",
        "handoff backup /backup/$(date +%F-%H%M) --keys /vault/handoff --home /srv/handoff",
    )
)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--keys",
    "key_folder",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Where the keys go: another place, for whoever has both can read every person.",
)
@home_option
def backup(folder: Path, key_folder: Path, home: Path | None) -> None:
    """Copy all data to FOLDER, a new one, and all keys to another, while the suite runs or not.

    Both parts show one moment of the whole suite. The keys replace those of the backup before: with
    them go the keys of persons erased since, so an old FOLDER shows those persons no more. On
    servers each database is copied; Kafka is not, for `handoff restore` has what was under way sent
    again.
    """
    found = settings.read(home)
    folder, key_folder = folder.resolve(), key_folder.resolve()
    _refuse_places(found, folder, key_folder)
    servers = production.servers_of(found)
    if isinstance(servers, Finding):
        raise HomeError(servers.state)
    with _told(folder), meter("backup") as shown:
        moment, places = _copied(found, servers, Places(folder, key_folder), shown)
    _finish(found, moment, places)
    say(
        f"data: {places.data}\nkeys: {places.keys}\nas of {moment.at.isoformat(timespec='seconds')}"
    )


def _copied(
    found: Settings, servers: Opened | None, places: Places, shown: Meter
) -> tuple[Moment, Places]:
    """Copy everything and seal both parts; the keys first, for a person without a key is lost."""
    places.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = places.keys / datetime.now(UTC).strftime(_STAMP)
    draft.mkdir(mode=0o700, parents=True)
    made = Places(places.data, draft)
    if servers is None:
        column, (moment, schemas) = Column.EMBEDDED, _files(found, made, shown)
    else:
        column, (moment, schemas) = Column.SERVERS, _tables(found, servers.settings, made, shown)
    copied_files.write_all(draft / KEYS_IN, moment.keys)
    copied_files.copy_all(moment.files, found.home, places.data / HOME_IN)
    for kind, folder in ((Kind.KEYS, draft), (Kind.DATA, places.data)):
        of_keys = {store: schemas[store] for store in schemas if store == KEY_STORE}
        of_data = {store: schemas[store] for store in schemas if store != KEY_STORE}
        manifest.seal(
            folder,
            Manifest(
                kind=kind,
                column=column,
                taken_at=moment.at,
                handoff=version("handoff"),
                schemas=of_keys if kind is Kind.KEYS else of_data,
                files=manifest.digests(folder),
            ),
        )
    return moment, made


def _files(found: Settings, places: Places, shown: Meter) -> tuple[Moment, dict[str, str]]:
    """The embedded column: services first, for a transaction of one may ask for a person's key."""
    services = {service: home.service_file(found, service) for service in Service}
    store, events = found.keys / home.STORE, found.data / home.EVENTS
    for path in (*services.values(), store, events):
        if not path.exists():
            raise HomeError(f"{path} is not there: handoff doctor says what to do")
    paths = (*services.values(), store, events)
    with cut.through_files(paths, lambda: _moment(found)) as (views, moment):
        for path in (*services.values(), events):
            copied_files.copy_database(views[path], places.data / STORES_IN / path.name, shown)
        copied_files.copy_database(views[store], places.keys / STORES_IN / store.name, shown)
        return moment, {s: copied_files.schema_of(views[path]) for s, path in services.items()}


def _tables(
    found: Settings, servers: Settings, places: Places, shown: Meter
) -> tuple[Moment, dict[str, str]]:
    """The production column, in the order of STORES: as above, the key store last."""
    urls = {store: servers.database_url(store) for store in STORES}
    schemas = {}
    with cut.through_postgres(urls, lambda: _moment(found)) as (views, moment):
        for store, view in views.items():
            part = places.keys if store == KEY_STORE else places.data
            schemas[store] = copied_tables.copy_out(view, part / STORES_IN / store, shown)
    return moment, schemas


def _moment(found: Settings) -> Moment:
    now = datetime.now(UTC)
    return Moment(now, copied_files.key_files(found), copied_files.plain_files(found))


def _finish(found: Settings, moment: Moment, places: Places) -> None:
    """Remember the copy of the master keys, and let go of the key backups before this one."""
    for older in places.keys.parent.glob(GENERATION):
        if older != places.keys:
            shutil.rmtree(older)
    try:
        content = key_file.parse(moment.keys[MASTER].decode("ascii"), MASTER)
        copies.remember(found, content, places.keys.parent, moment.at)
    except (HomeError, ValueError) as error:
        say(f"note: the copy of the master keys could not be noted down: {error}")
    if _disk(places.data) == _disk(places.keys):
        say("note: both are on one disk: bring one of them to another before you rely on them")


def _refuse_places(found: Settings, folder: Path, key_folder: Path) -> None:
    """Whoever finds the one part must not find the other beside it, nor both beside the suite."""
    together = folder == key_folder or folder in key_folder.parents or key_folder in folder.parents
    side_by_side = folder.parent == key_folder.parent and _disk(folder) == _disk(key_folder)
    if together or side_by_side:
        raise HomeError(f"{key_folder} is beside {folder}: put keys and data in different places")
    for place in (folder, key_folder):
        if {found.home, found.keys} & {place, *place.parents}:
            raise HomeError(f"{place} is within the suite's own folder: choose another place")
    if folder.exists() and any(folder.iterdir()):
        raise HomeError(f"{folder} is not empty: name a new folder for each backup")


def _disk(place: Path) -> int:
    """The device that a folder is on, or will be."""
    return next(path for path in (place, *place.parents) if path.exists()).stat().st_dev


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Say in one line why there is no backup; what was begun has no manifest, and is none."""
    try:
        yield
    except CutError as error:
        raise HomeError(str(error)) from None
    except SQLAlchemyError as error:
        raise HomeError(f"a database does not answer ({reason_of(error)}): does it run?") from None
    except sqlite_module().Error as error:
        raise HomeError(f"a database cannot be read ({error}): handoff doctor") from None
    except OSError as error:
        raise HomeError(f"{error.filename or folder}: {error.strerror}") from None
