"""`handoff restore`: makes a suite of a backup, on a folder or on databases that hold nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import click
from sqlalchemy.exc import SQLAlchemyError

from services.chassis.faults import reason_of
from services.chassis.settings import SettingError, Settings
from services.cli import manifest, restored_folder, settings
from services.cli.backup import GENERATION
from services.cli.home import HomeError
from services.cli.manifest import Column, Kind, Manifest
from services.cli.options import examples, home_option
from services.cli.restored_folder import Parts
from services.cli.screen import meter, say


@click.command(
    epilog=examples(
        "handoff restore /backup/2027-03-01 --keys /vault/handoff",
        "handoff restore /backup/2027-03-01 --keys /vault/handoff --erased erased.txt",
    )
)
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--keys",
    "key_folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    required=True,
    help="Where the keys were backed up to: as late as FOLDER, or later.",
)
@click.option(
    "--erased",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file of referral ids, one a line: persons erased after the keys were backed up.",
)
@home_option
def restore(folder: Path, key_folder: Path, erased: Path | None, home: Path | None) -> None:
    """Make the suite that FOLDER and the keys were taken of, where no other is; then start it.

    Every file is held against its digest first. The keys may be newer than FOLDER, never older:
    persons erased in between stay erased. What stands where the suite is to stand is never touched:
    the folder to move away is named. On servers the databases and Kafka must be empty.
    """
    found = settings.read(home)
    kept = _newest(key_folder.resolve())
    parts = Parts(data=folder.resolve(), keys=kept, erased=_ids(erased))
    made = _checked(parts)
    with _told(), meter("restore") as shown:
        if made.column is Column.EMBEDDED:
            restored_folder.embedded(_in_folder(found), parts, shown)
        else:
            _on_servers(found, parts, made)
    say(f"restored as of {made.taken_at.isoformat(timespec='seconds')}; next: {_next(found, made)}")


def _checked(parts: Parts) -> Manifest:
    """Hold both parts against their manifests, and against each other."""
    data = manifest.read(parts.data, Kind.DATA)
    keys = manifest.read(parts.keys, Kind.KEYS)
    if data.column is not keys.column:
        raise HomeError(f"{parts.data} is of {data.column}, {parts.keys} of {keys.column}")
    if keys.taken_at < data.taken_at:
        raise HomeError(
            f"{parts.keys} is older than {parts.data}: persons would be lost; name the keys of the "
            "same backup, or later ones"
        )
    manifest.verify(parts.data, data)
    manifest.verify(parts.keys, keys)
    return data


def _newest(folder: Path) -> Path:
    """The newest finished backup of the keys in a folder, or the folder itself if it is one."""
    if (folder / manifest.FILE).exists():
        return folder
    finished = [each for each in folder.glob(GENERATION) if (each / manifest.FILE).exists()]
    if not finished:
        raise HomeError(f"{folder} holds no backup of keys, or one that was not finished")
    return max(finished)


def _ids(erased: Path | None) -> list[str]:
    if erased is None:
        return []
    lines = [line.strip() for line in erased.read_text(encoding="utf-8").splitlines()]
    try:
        return [str(UUID(line)) for line in lines if line]
    except ValueError:
        raise HomeError(
            f"{erased} must hold a referral id on each line, and nothing else"
        ) from None


def _in_folder(found: Settings) -> Settings:
    if found.on_servers:
        raise SettingError("HANDOFF_..._DATABASE is set, and this backup is of a suite on a folder")
    return found


def _on_servers(found: Settings, parts: Parts, made: Manifest) -> None:
    from services.cli import restored_servers  # noqa: PLC0415 - absent without the servers extra

    restored_servers.restore(found, parts, made)


def _next(found: Settings, made: Manifest) -> str:
    if made.column is Column.EMBEDDED:
        return "handoff up"
    return "start the processes" if found.on_servers else "handoff up --local-servers"


@contextmanager
def _told() -> Iterator[None]:
    """Say in one line why it was not restored."""
    try:
        yield
    except ModuleNotFoundError as error:
        said = f"{error.name} is not installed: pip install 'handoff[servers]'"
        raise SettingError(said) from None
    except SQLAlchemyError as error:
        raise HomeError(f"a database refused it ({reason_of(error)})") from None
    except OSError as error:
        raise HomeError(f"{error.filename}: {error.strerror}") from None
