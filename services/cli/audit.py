"""`handoff audit`: exports signed heads, verifies every chain, tells a referral's story."""

import json
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Final

import click
from joserfc.jwk import KeySet

from services.chassis import signed_head
from services.chassis.chains import Size
from services.chassis.jwks import public_set
from services.chassis.signed_head import AUDIT_SIGNING, Statement
from services.chassis.tokens import read_keys
from services.cli import audit_story, head_file, people, settings, verifying
from services.cli.audit_source import Source, source
from services.cli.client import Client, ClientError
from services.cli.home import HomeError
from services.cli.options import calling_as, examples, home_option, token_option, url_option
from services.cli.screen import meter, say

_FILE: Final = click.Path(dir_okay=False, path_type=Path)
_THERE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("audit")
def audit_group() -> None:
    """Look after the audit: who read and changed what, in chains that cannot be bent unseen."""


@audit_group.command(
    epilog=examples("handoff audit export /mnt/elsewhere/2027-03-01.head", "handoff audit key")
)
@click.argument("file", type=_FILE)
@home_option
@token_option
@url_option
def export(file: Path, *, url: str | None, token: str | None, home: Path | None) -> None:
    """Write the head of every chain to FILE, signed with the audit key of the keys folder.

    Keep the file on another machine: `handoff audit verify --head FILE` then finds whatever was
    changed, cut off or rolled back since. It holds ids, counts and hashes, nothing of a person.
    """
    found = settings.read(home)
    keys = _own_keys(found.keys)
    with source(url, token, home) as chains, meter("exporting") as shown:
        now = settings.clock_of(found).now()
        made = head_file.write(file, chains, now, keys, shown)
    say(f"{file}: {made.heads} heads, root {made.root}")


@audit_group.command(
    epilog=examples(
        "handoff audit verify",
        "handoff audit verify --head /mnt/elsewhere/2027-03-01.head",
        "handoff audit verify --head today.head --key audit-key.json --url https://h.example.org",
    )
)
@click.option("--head", type=_THERE, help="An exported head to hold today's chains against.")
@click.option(
    "--key", type=_THERE, help="The audit's public key (default: the one in the keys folder)."
)
@home_option
@token_option
@url_option
def verify(
    *, head: Path | None, key: Path | None, url: str | None, token: str | None, home: Path | None
) -> None:
    """Check every chain of every service: its links, its order, its end.

    Without --head it cannot see a store that was rolled back as a whole, or rewritten to its end.
    Each fault is one line; the exit code is 1 where there is any.
    """
    statement = None if head is None else _stated(head, key, home)
    with source(url, token, home) as found:
        sizes = found.size()
        faults = _faults(found, sizes, head, statement)
    for fault in faults:
        say(fault)
    if faults:
        raise ClientError(f"faults in the audit: {len(faults)}")
    _conclude(sizes, statement)


@audit_group.command(epilog=examples("handoff audit key > audit-key.json"))
@home_option
def key(home: Path | None) -> None:
    """Print the public key of the audit, for whoever verifies heads on another machine."""
    keys = _own_keys(settings.read(home).keys)
    click.echo(json.dumps(public_set(keys)))


@audit_group.command(
    epilog=examples("handoff audit show 7QK4-M2XD", "handoff audit show REFERRAL_ID")
)
@click.argument("referral")
@calling_as(people.COORDINATOR)
def show(client: Client, referral: str) -> None:
    """Tell the story of a REFERRAL (id or short reference): who did what, when, and for whom.

    Reads of the person are marked. The exit code is 1 where its chains do not hold.
    """
    if not audit_story.tell(client, referral):
        raise ClientError("the chains of this referral do not hold: see handoff audit verify")


@audit_group.command(
    epilog=examples(
        "handoff audit disclosures 7QK4-M2XD",
        "handoff audit disclosures 7QK4-M2XD --csv > disclosures.csv",
    )
)
@click.argument("referral")
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values.")
@calling_as(people.COORDINATOR)
def disclosures(client: Client, referral: str, *, as_csv: bool) -> None:
    """List who was shown what of the person of a REFERRAL (id or short reference), and when."""
    if not audit_story.disclosures(client, referral, as_csv=as_csv):
        raise ClientError("the chains of this referral do not hold: see handoff audit verify")


def _own_keys(folder: Path) -> KeySet:
    """The keys that sign heads, made where the folder has none; raises HomeError."""
    try:
        if signed_head.make_key(folder):
            click.echo(f"made {folder / AUDIT_SIGNING}: back it up with the other keys", err=True)
    except OSError as error:
        raise HomeError(f"{folder / AUDIT_SIGNING}: {error.strerror}") from None
    return _keys(folder / AUDIT_SIGNING)


def _keys(path: Path) -> KeySet:
    try:
        return read_keys(path)
    except OSError as error:
        raise HomeError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise HomeError(str(error)) from None


def _stated(head: Path, key: Path | None, home: Path | None) -> Statement:
    """What the head states; raises HeadError where it cannot be believed."""
    return head_file.check(head, _keys(key or settings.read(home).keys / AUDIT_SIGNING))


def _faults(
    found: Source, sizes: Mapping[str, Size], head: Path | None, statement: Statement | None
) -> list[str]:
    """All of them, gathered: a line between would tear the progress apart."""
    with meter("verifying") as shown:
        faults = list(verifying.faults_of(found, sizes, shown))
    if head is None or statement is None:
        return faults
    with meter("holding against the head") as shown:
        since = list(verifying.faults_since(found, head, statement, sizes, shown))
    return list(dict.fromkeys(chain(faults, since)))


def _conclude(sizes: Mapping[str, Size], statement: Statement | None) -> None:
    chains = sum(size.chains for size in sizes.values())
    links = sum(size.links for size in sizes.values())
    say(f"{chains} chains with {links} links hold, in {', '.join(sorted(sizes))}")
    if statement is None:
        say("held against no head: see handoff audit verify --help")
    else:
        made = statement.made_at.isoformat(timespec="seconds")
        say(f"all {statement.heads} heads of {made} are in them, root {statement.root}")
