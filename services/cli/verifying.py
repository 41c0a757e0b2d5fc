"""Verifying the audit: every chain walked to its end, and held against an exported head."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from services.chassis.chains import Chains, Head, Place, Size
from services.chassis.signed_head import HeadError, Statement
from services.cli import head_file
from services.cli.audit_source import Source
from services.cli.screen import Meter


@dataclass(slots=True)
class Progress:
    """How much of the work is done, shown as it goes."""

    shown: Meter
    total: int
    done: int = 0

    def add(self, links: int, text: str) -> None:
        """So many links more."""
        self.done += links
        self.shown.show(min(self.done, self.total), self.total, text)


def faults_of(found: Source, sizes: Mapping[str, Size], shown: Meter) -> Iterator[str]:
    """Every fault of every chain of these services, each named with its service."""
    progress = Progress(shown, sum(size.links for size in sizes.values()))
    for service in sizes:
        for fault in _chains(found, service, progress):
            yield f"{service} {fault}"


def faults_since(
    found: Source, path: Path, statement: Statement, sizes: Mapping[str, Size], shown: Meter
) -> Iterator[str]:
    """Where today's chains are not what the exported ones have grown into.

    Raises HeadError for a head of services that are not answered for here.
    """
    strange = sorted(set(statement.services) - set(sizes))
    if strange:
        raise HeadError(f"{path}: no answer for {', '.join(strange)} here: ask where they run")
    progress = Progress(shown, statement.heads)
    for service, heads in head_file.batches(path):
        yield from _named(service, found.hold(service, heads))
        progress.add(len(heads), service)


def _named(service: str, faults: Iterable[str]) -> Iterator[str]:
    return (f"{service} {fault}" for fault in faults)


def _chains(found: Source, service: str, progress: Progress) -> Iterator[str]:
    for of in Chains:
        place: Place | None = None
        while True:
            stretch = found.walk(service, of, place)
            yield from stretch.faults
            progress.add(stretch.links, f"{service} {of}")
            place = stretch.next
            if place is None:
                break
    yield from _emptied(found, service)


def _emptied(found: Source, service: str) -> Iterator[str]:
    """Heads that have lost every link."""
    after: Head | None = None
    while True:
        page, faults = found.heads(service, after)
        yield from faults
        if not page:
            return
        after = page[-1]
