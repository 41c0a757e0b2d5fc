"""The embedded column: one suite in this process, in a folder of its own."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import pytest
from sqlalchemy import Engine, NullPool, create_engine, text
from sqlalchemy.orm import Session

from contracts.codec import Message
from contracts.topics import Service
from services.chassis import inbox
from services.chassis.clock import SettableClock
from services.chassis.database import sqlite_module
from services.chassis.event_log import EventLog
from services.chassis.platform import Platform
from services.chassis.service import WiredService
from services.chassis.serving import Wsgi
from services.chassis.settings import Mode, Settings
from services.cli.up import running
from tests.journey.column import START, Column, Stores
from tests.journey.forgetful_worker import never


def settings_at(home: Path) -> Settings:
    """Demo settings with the settable clock, on a folder of the test's own."""
    return Settings(
        home=home,
        keys=home / "keys",
        mode=Mode.DEMO,
        settable_clock=True,
        log_level="info",
        host="127.0.0.1",
        port=0,
        threads=8,
        issuer="handoff",
        audience="handoff",
    )


@contextmanager
def open_embedded(home: Path, like: Path | None = None) -> Iterator[Column]:
    """A suite on a new folder; closed at the end, and everything must end in time.

    To copy the folder of one that was closed costs half of making all its stores anew.
    """
    found = settings_at(home)
    if like is None:
        home.mkdir()
    else:
        shutil.copytree(like, home)
    SettableClock(found.clock_file).set(START)
    log_file = home / "log.jsonl"
    with log_file.open("w", buffering=1, encoding="utf-8") as log, running(found, log) as suite:
        yield Embedded(suite)


class Running(Protocol):
    """A suite in this process, whatever moves it."""

    @property
    def settings(self) -> Settings:
        """On which it was opened."""

    @property
    def platform(self) -> Platform:
        """Its clock, and tokens that can be issued."""

    @property
    def services(self) -> Sequence[WiredService]:
        """As they are wired."""

    @property
    def log(self) -> EventLog:
        """Its events."""

    @property
    def wsgi(self) -> Wsgi:
        """What answers."""

    @property
    def address(self) -> str:
        """Where it answers."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """The Column of one embedded suite."""

    suite: Running

    @property
    def address(self) -> str:
        """Where the suite answers."""
        return self.suite.address

    @property
    def platform(self) -> Platform:
        """Its clock, and tokens that can be issued."""
        return self.suite.platform

    @property
    def services(self) -> Sequence[WiredService]:
        """The services that run."""
        return self.suite.services

    @property
    def mail(self) -> Path:
        """The folder of the letters."""
        return self._home / "mail"

    def stores(self) -> AbstractContextManager[Stores]:
        """Sessions on the files of the home folder."""
        return stores_in(self._home)

    @contextmanager
    def lawless_stores(self) -> Iterator[Stores]:
        """The same without checks; foreign keys are off until somebody turns them on."""
        with stores_in(self._home) as stores:
            for session in stores:
                session.execute(text("PRAGMA ignore_check_constraints = ON"))
            yield stores

    def publish(self, messages: Sequence[Message]) -> None:
        """Put messages into the embedded log."""
        self.suite.log.publish(messages)

    @contextmanager
    def forgetful(self) -> Iterator[None]:
        """A time in which no consumer asks its inbox."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(inbox, "is_done", never)
            yield

    def sinks(self) -> dict[str, bytes]:
        """Every file of the home folder, the log among them."""
        return files_in(self._home)

    @property
    def _home(self) -> Path:
        return self.suite.settings.home


@contextmanager
def stores_in(home: Path) -> Iterator[Stores]:
    """Sessions on the databases of a home folder, whether a suite runs on it or not."""
    with ExitStack() as opened:
        names = (Service.REFERRAL_API, Service.MATCHER, Service.NOTIFIER)
        yield Stores(*[opened.enter_context(_reading(home, name)) for name in names])


def files_in(folder: Path) -> dict[str, bytes]:
    """What stands in every file of a folder and of the folders in it."""
    return {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


@contextmanager
def _reading(home: Path, name: Service) -> Iterator[Session]:
    with Session(reading_engine(home / "data" / f"{name}.sqlite")) as session:
        yield session
        session.rollback()


@lru_cache(maxsize=8)
def reading_engine(file: Path) -> Engine:
    """Keeps no file open; kept itself, it need not compile a statement again for each look."""
    return create_engine(f"sqlite:///{file}", module=sqlite_module(), poolclass=NullPool)
