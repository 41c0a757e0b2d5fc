"""`handoff keys`: looks after the master keys, which wrap the key of every person."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from services.chassis import key_file
from services.chassis.key_file import KeyFile, MasterKeyError, fingerprint
from services.chassis.keys import MasterMissingError
from services.chassis.platform import MASTER
from services.chassis.settings import Settings
from services.cli import copies, settings
from services.cli.client import ClientError
from services.cli.home import HomeError, told
from services.cli.key_stores import KeyStore, key_store
from services.cli.options import examples, home_option, url_option
from services.cli.screen import meter, say, table

COLUMNS = ("master key", "", "created", "wraps", "fingerprint", "second copy")


@click.group("keys")
def keys_group() -> None:
    """Look after the master keys, which wrap the key of every person. No command shows a key.

    A suite may run or not. On several machines: `add` on one, bring the key file to all others,
    then `use` and bring it again, then `rewrap`, then `retire` and bring it again.
    """


@keys_group.command("list", epilog=examples("handoff keys list"))
@home_option
@url_option
def list_(home: Path | None, url: str | None) -> None:
    """Show each master key: when it was made, what it wraps, where its second copy is."""
    found = settings.read(home)
    content, have = _content(found), copies.known(found)
    with _store(found, url) as store:
        counts = store.counts()
    rows = []
    for name in [*content.keys, *(counts.keys() - content.keys)]:
        print_ = fingerprint(content.keys[name]) if name in content.keys else "NOT HERE"
        copy = have.get(print_)
        rows.append(
            (
                name,
                "current" if name == content.current else "",
                _day(content, name),
                counts.get(name, 0),
                print_,
                f"{copy.at}, {copy.place}" if copy else "none",
            )
        )
    table("Master keys", COLUMNS, rows)


@keys_group.command(epilog=examples("handoff keys add"))
@home_option
def add(home: Path | None) -> None:
    """Add a master key to the key file. It opens at once, and wraps once it is put to use."""
    found = settings.read(home)
    name = _added(found)
    say(f"added {name}; next: handoff keys export FILE, then handoff keys use {name}")


@keys_group.command(epilog=examples("handoff keys use master-20270301-3fa94c"))
@click.argument("master")
@home_option
def use(master: str, home: Path | None) -> None:
    """Wrap new persons' keys with MASTER from now on; every machine must have it before."""
    _changed(settings.read(home), lambda content: content.using(master))
    say(f"{master} is in use; next: handoff keys rewrap")


@keys_group.command(epilog=examples("handoff keys rewrap"))
@home_option
@url_option
def rewrap(home: Path | None, url: str | None) -> None:
    """Wrap every person's key with the current master key.

    It may be ended at any point, and begun again; nobody who reads a person meanwhile notices.
    """
    found = settings.read(home)
    with _store(found, url) as store:
        _rewrap(found, store)


@keys_group.command(epilog=examples("handoff keys retire master-1"))
@click.argument("master")
@home_option
@url_option
def retire(master: str, home: Path | None, url: str | None) -> None:
    """Take MASTER out of the key file, for ever; refused while it wraps a person's key.

    A backup of the key store from before opens with a second copy of MASTER alone.
    """
    found = settings.read(home)
    with _store(found, url) as store:
        store.retire(master)
    say(f"retired {master}")


@keys_group.command(epilog=examples("handoff keys rotate", "handoff keys rotate --retire"))
@click.option("--retire", "retiring", is_flag=True, help="Then retire every older master key.")
@home_option
@url_option
def rotate(home: Path | None, url: str | None, *, retiring: bool) -> None:
    """Add a master key, put it to use and wrap every person's key with it: on one machine.

    What was begun and ended midway is finished by `handoff keys rewrap`.
    """
    found = settings.read(home)
    with _store(found, url) as store:
        name = _added(found)
        _changed(found, lambda content: content.using(name))
        say(f"{name} is in use")
        _rewrap(found, store)
        for old in [each for each in _content(found).keys if each != name and retiring]:
            store.retire(old)
            say(f"retired {old}")
    say("it has no second copy yet: handoff keys export FILE")


@keys_group.command(epilog=examples("handoff keys export /media/safe/handoff-master.json"))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@home_option
def export(file: Path, home: Path | None) -> None:
    """Write a second copy of the master keys to FILE, readable by its owner alone.

    Whoever has FILE and the key store can read every person: keep it on a medium of its own, under
    lock. `handoff doctor` warns while a master key has no second copy. To use it, put it back as
    master.json into the keys folder.
    """
    found = settings.read(home)
    content = copies.export(found, file, datetime.now(UTC))
    prints = ", ".join(f"{name} ({fingerprint(key)})" for name, key in content.keys.items())
    say(f"copied {prints} to {file}")


def _added(found: Settings) -> str:
    now = datetime.now(UTC)
    name = key_file.new_name(now)
    _changed(found, lambda content: content.with_master(name, now))
    return name


def _rewrap(found: Settings, store: KeyStore) -> None:
    current = _content(found).current
    total = sum(count for name, count in store.counts().items() if name != current)
    done = 0
    with meter("rewrapping") as shown:
        while batch := store.rewrap():
            done += batch
            shown.show(done, max(total, done), "persons' keys")
    say(f"{done} persons' keys wrapped anew; {current} wraps them all")


def _content(found: Settings) -> KeyFile:
    with told(found.keys):
        try:
            return key_file.read(found.keys / MASTER)
        except ValueError as error:
            raise HomeError(f"{found.keys}: {error}") from None


def _changed(found: Settings, step: Callable[[KeyFile], KeyFile]) -> None:
    _content(found)  # tells in one line of a file that cannot be used
    with told(found.keys):
        try:
            key_file.change(found.keys / MASTER, step)
        except MasterKeyError as error:
            raise HomeError(str(error)) from None


@contextmanager
def _store(found: Settings, url: str | None) -> Iterator[KeyStore]:
    """The key store; what it refuses is said in one line."""
    _content(found)
    try:
        with key_store(found, url) as store:
            yield store
    except (MasterKeyError, MasterMissingError) as error:
        raise ClientError(str(error)) from None


def _day(content: KeyFile, name: str) -> str:
    at = content.created.get(name)
    return "" if at is None else at.isoformat(timespec="seconds")
