"""Where the commands of the audit find the chains: over HTTP, or in the databases of a suite."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from contracts.topics import Service
from services.chassis import chains, migrations
from services.chassis.chains import Chains, Head, Place, Size, Stretch
from services.chassis.database import Database
from services.chassis.settings import Settings
from services.cli import checkup, home, people, settings
from services.cli.client import Client
from services.cli.home import HomeError
from services.cli.options import client_for

Result = TypeVar("Result")


class Source(Protocol):
    """The chains of each service, a batch at a time."""

    def size(self) -> Mapping[str, Size]:
        """How much there is, by service."""

    def heads(self, service: str, after: Head | None) -> tuple[list[Head], list[str]]:
        """The next heads behind this one, and which of them have lost every link."""

    def walk(self, service: str, of: Chains, at: Place | None) -> Stretch:
        """Verify the next stretch of chains."""

    def hold(self, service: str, exported: Sequence[Head]) -> list[str]:
        """How today's chains differ from heads that were exported."""


@dataclass(frozen=True, slots=True)
class OverHttp:
    """The operations routes of a running suite; raises ClientError."""

    client: Client

    def size(self) -> Mapping[str, Size]:
        """How much there is, by service."""
        return {name: Size(**said) for name, said in self.client.get("/ops/audit").items()}

    def heads(self, service: str, after: Head | None) -> tuple[list[Head], list[str]]:
        """The next heads behind this one, and which of them have lost every link."""
        place = None if after is None else [after.topic, after.key]
        page = self._ask("heads", service, after=place)
        return [Head(**head) for head in page["heads"]], page["faults"]

    def walk(self, service: str, of: Chains, at: Place | None) -> Stretch:
        """Verify the next stretch of chains."""
        said = self._ask("walk", service, chains=of, after=None if at is None else asdict(at))
        said["next"] = None if said["next"] is None else Place(**said["next"])
        return Stretch(**said)

    def hold(self, service: str, exported: Sequence[Head]) -> list[str]:
        """How today's chains differ from heads that were exported."""
        found: list[str] = self._ask("hold", service, heads=[asdict(h) for h in exported])["faults"]
        return found

    def _ask(self, what: str, service: str, **body: object) -> Any:
        return self.client.post(f"/ops/audit/{what}", {"service": service, **body})


@dataclass(frozen=True, slots=True)
class InStores:
    """The databases themselves."""

    databases: Mapping[str, Database]

    def size(self) -> Mapping[str, Size]:
        """How much there is, by service."""
        return {name: self._in(name, chains.size) for name in self.databases}

    def heads(self, service: str, after: Head | None) -> tuple[list[Head], list[str]]:
        """The next heads behind this one, and which of them have lost every link."""
        place = None if after is None else (after.topic, after.key)

        def page(session: Session) -> tuple[list[Head], list[str]]:
            found = chains.heads(session, place)
            return found, chains.emptied(session, found)

        return self._in(service, page)

    def walk(self, service: str, of: Chains, at: Place | None) -> Stretch:
        """Verify the next stretch of chains."""
        return self._in(service, lambda session: chains.walk(session, of, at))

    def hold(self, service: str, exported: Sequence[Head]) -> list[str]:
        """How today's chains differ from heads that were exported."""
        return self._in(service, lambda session: chains.hold(session, exported))

    def _in(self, service: str, work: Callable[[Session], Result]) -> Result:
        try:
            with self.databases[service].transaction() as session:
                return work(session)
        except SQLAlchemyError as error:
            raise HomeError(f"{service}: {getattr(error, 'orig', None) or error}") from None


@contextmanager
def source(url: str | None, token: str | None, folder: Path | None) -> Iterator[Source]:
    """The chains of the suite: its own answers while it runs, else its databases.

    Raises HomeError where there is neither.
    """
    found = settings.read(folder)
    if url is not None or _runs(found):
        with client_for(people.ADMIN, url, token, folder) as client:
            yield OverHttp(client)
        return
    with ExitStack() as opened:
        if not found.on_servers:
            _check_there(found)
            opened.callback(home.lock(found).release)
        databases = {service.value: _open(found, service) for service in Service}
        for database in databases.values():
            opened.callback(database.close)
        yield InStores(databases)


def _runs(found: Settings) -> bool:
    """Whether a suite holds the folder; services on servers of their own hold none."""
    return not found.on_servers and checkup.is_locked(found.data / ".lock")


def _check_there(found: Settings) -> None:
    """Nothing may be made by looking at it."""
    gone = [path for service in Service if not (path := home.service_file(found, service)).exists()]
    if gone:
        raise HomeError(
            f"{found.data} lacks {', '.join(path.name for path in gone)}: give the folder of a "
            "suite (--home), or the address of a running one (--url)"
        )


def _open(found: Settings, service: Service) -> Database:
    """A database at the schema of this version; raises HomeError."""
    database = Database(found.database_url(service), connections=1)
    try:
        migrations.check(database, service)
    except (migrations.SchemaError, SQLAlchemyError) as error:
        database.close()
        raise HomeError(f"{service}: {getattr(error, 'orig', None) or error}") from None
    return database
