"""The Java archives of Apache Kafka: fetched once, checked against pinned sums, then kept."""

import contextlib
import hashlib
import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from jgo.config import GlobalSettings
from jgo.env import EnvironmentBuilder, LinkStrategy
from jgo.maven import MavenContext
from platformdirs import user_cache_path

from services.local_servers.errors import LocalServerError

VERSION: Final = "4.4.0"
ENDPOINT: Final = f"org.apache.kafka:kafka_2.13:{VERSION}+org.slf4j:slf4j-simple:1.7.36"
SUMS: Final = Path(__file__).with_name("kafka_jars.sha256")
ABOUT_BYTES: Final = 46_500_000
_LOOK_EVERY_S: Final = 0.25

Progress = Callable[[int, int], None]
"""Told the bytes fetched so far and about how many there will be; only while fetching."""


def kafka_jars(cache: Path | None = None, progress: Progress | None = None) -> list[Path]:
    """Every jar of the class path, from the cache or else fetched into it.

    ``cache`` is the user's own cache folder unless given. Raises LocalServerError where the jars
    cannot be fetched, or are not the ones that were tried.
    """
    kept = (cache or user_cache_path("handoff")) / f"kafka-{VERSION}"
    names = sorted(sums())
    if not kept.is_dir():
        _fetch(kept, progress or (lambda _done, _of: None))
    return [kept / name for name in names]


def _fetch(kept: Path, progress: Progress) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="fetching-", dir=kept.parent) as made:
        draft = Path(made)
        _resolve_while_telling(draft, progress)
        found = {path.name: path for path in (draft / "environment").rglob("*.jar")}
        whole = draft / "whole"
        whole.mkdir()
        for name, expected in sums().items():
            check(name, expected, found)
            shutil.move(found[name], whole / name)
        # Another process may have been faster; its jars passed the same check.
        with contextlib.suppress(OSError):
            whole.rename(kept)


def _resolve_while_telling(draft: Path, progress: Progress) -> None:
    faults: list[Exception] = []

    def resolve() -> None:
        try:
            _resolve(draft)
        except Exception as error:  # noqa: BLE001 - told to the caller, whose thread this is not
            faults.append(error)

    thread = threading.Thread(target=resolve, name="fetch-kafka", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(_LOOK_EVERY_S)
        progress(min(_size(draft / "repository"), ABOUT_BYTES), ABOUT_BYTES)
    if faults:
        raise LocalServerError(
            f"Apache Kafka {VERSION} cannot be fetched ({type(faults[0]).__name__}: {faults[0]}); "
            "connect to a Maven repository once, or give the address of a running Kafka"
        ) from faults[0]


def _resolve(draft: Path) -> None:
    # The repositories that the user has set up for jgo come first: a mirror may be all there is.
    repositories = GlobalSettings.load().repositories or None
    context = MavenContext(repo_cache=draft / "repository", remote_repos=repositories)
    builder = EnvironmentBuilder(
        context=context, cache_dir=draft / "environment", link_strategy=LinkStrategy.HARD
    )
    builder.from_endpoint(endpoint=ENDPOINT)


def check(name: str, expected: str, found: Mapping[str, Path]) -> None:
    """Raise LocalServerError where a jar is missing or is not the one that was tried."""
    if name not in found:
        raise LocalServerError(f"{name} was not resolved; remove nothing, try again")
    actual = hashlib.sha256(found[name].read_bytes()).hexdigest()
    if actual != expected:
        raise LocalServerError(f"{name} has the sum {actual}, not {expected}: it is not trusted")


def sums() -> dict[str, str]:
    """The pinned sum of each jar, by name."""
    lines = SUMS.read_text(encoding="ascii").splitlines()
    return {name: value for value, _, name in (line.partition("  ") for line in lines)}


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # a draft file just renamed
            total += path.stat().st_size
    return total
