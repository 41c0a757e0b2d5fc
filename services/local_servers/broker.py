"""One Kafka broker of a local cluster: start, stop, and the ways to hurt it."""

import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.local_servers.errors import LocalServerError
from services.local_servers.java import java
from services.local_servers.kafka_config import MECHANISM, Node
from services.local_servers.process import Program, ServerProcess

# Long enough for three of them on a small machine that is busy otherwise.
READY_S: Final = 180.0
STARTED: Final = b"Kafka Server started"


@dataclass(frozen=True, slots=True, kw_only=True)
class Software:
    """What a broker runs: Java, the class path, the cluster that it belongs to, and its users."""

    java_options: Sequence[str]
    jars: Sequence[Path]
    cluster: str
    users: Mapping[str, str]

    def java(self, main: str, *arguments: str) -> list[str]:
        """The command of a main class."""
        return [*java(self.jars, self.java_options), main, *arguments]


class Broker:
    """A broker keeps its port and its folder over every restart."""

    def __init__(self, node: Node, software: Software) -> None:
        self.node = node
        self._software = software
        program = Program(
            name=f"broker-{node.number}",
            command=software.java("kafka.Kafka", str(node.file)),
            stop_signal=signal.SIGTERM,
            grace_s=10.0,
        )
        self._process = ServerProcess(program, node.folder)

    @property
    def address(self) -> str:
        """Where its users reach it (host:port)."""
        return self.node.address

    @property
    def running(self) -> bool:
        """Whether its process is there; a paused one is."""
        return self._process.running

    @property
    def died(self) -> bool:
        """Whether it has ended though nobody here stopped or killed it."""
        return self._process.died

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._process.pid

    @property
    def log(self) -> Path:
        """The file that its output goes to."""
        return self._process.log

    def tail(self) -> str:
        """The last lines of its log."""
        return self._process.tail()

    def formatting(self) -> subprocess.Popen[bytes] | None:
        """Begin to make its empty log folder; None if there is one. See ``formatted``."""
        if (self.node.logs / "meta.properties").exists():
            return None
        cluster = f"--cluster-id={self._software.cluster}"  # it may begin with a hyphen
        options = ["format", cluster, "-c", str(self.node.file)]
        for name, password in self._software.users.items():
            options += ["--add-scram", f"{MECHANISM}=[name={name},password={password}]"]
        return subprocess.Popen(  # noqa: S603 - our own command
            self._software.java("kafka.tools.StorageTool", *options),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def formatted(self, formatting: subprocess.Popen[bytes] | None) -> None:
        """Wait until the log folder is made; raises LocalServerError where that fails."""
        if formatting is None:
            return
        said, _ = formatting.communicate(timeout=READY_S)
        if formatting.returncode:
            text = said.decode("utf-8", "replace").strip()
            raise LocalServerError(f"{self.node.logs} cannot be made:\n{text}")

    def launch(self) -> None:
        """Start the process without waiting: a broker is ready once a majority is there."""
        self.formatted(self.formatting())
        self._process.launch()

    def wait_until_ready(self) -> None:
        """Return once the broker serves; raises LocalServerError where that fails."""
        self._process.wait_until_ready(lambda: self._process.said(STARTED), READY_S)

    def start(self) -> None:
        """Start and wait until the broker serves; it needs a majority of the cluster."""
        self.launch()
        self.wait_until_ready()

    def stop(self) -> None:
        """Stop in good order: its partitions get other leaders first."""
        self._process.stop()

    def kill(self) -> None:
        """End it by SIGKILL."""
        self._process.kill()

    def pause(self) -> None:
        """Stop it where it is (SIGSTOP): connections stay open, and nothing answers."""
        self._process.pause()

    def resume(self) -> None:
        """Let it go on after a pause (SIGCONT)."""
        self._process.resume()

    def wipe(self) -> None:
        """Delete its log folder, as a lost disk would; raises LocalServerError while it runs."""
        if self.running:
            raise LocalServerError("stop or kill the broker before wiping its log folder")
        shutil.rmtree(self.node.logs)
