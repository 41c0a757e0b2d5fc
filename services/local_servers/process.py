"""One server process as its starter sees it: start, stop, and the ways to hurt it."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import psutil

from services.local_servers.claim import descendants, note_pid
from services.local_servers.errors import LocalServerError
from services.local_servers.waiting import wait_until

KEEPER: Final = Path(__file__).with_name("keeper.py")
LOG_TAIL_LINES: Final = 12
KEEPER_S: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A command with the signal that ends it in good order and the seconds that this may take.

    ``environment`` is the whole of what the process finds there; None hands on the starter's own.
    """

    name: str
    command: Sequence[str]
    stop_signal: signal.Signals
    grace_s: float
    environment: Mapping[str, str] | None = None


class ServerProcess:
    """At most one running process of a program; its log and pid stand in the folder.

    ``statuses``: what those before it ended with, as subprocess tells it: -9 by SIGKILL.
    """

    def __init__(self, program: Program, folder: Path) -> None:
        self.log = folder / f"{program.name}.log"
        self.statuses: list[int] = []
        self._program = program
        self._pid_file = folder / f"{program.name}.pid"
        self._keeper: subprocess.Popen[bytes] | None = None
        self._pid = 0
        self._log_start = 0

    @property
    def running(self) -> bool:
        """Whether the process is there; a paused one is."""
        return self._keeper is not None and self._keeper.poll() is None

    @property
    def died(self) -> bool:
        """Whether it has ended though nobody here stopped or killed it."""
        return self._keeper is not None and self._keeper.poll() is not None

    @property
    def pid(self) -> int:
        """The number of the process last launched; 0 before the first launch."""
        return self._pid

    def launch(self) -> None:
        """Start the process, without waiting for it to be of use; nothing if it runs."""
        if self.running:
            return
        self._forget()
        self._log_start = self.log.stat().st_size if self.log.exists() else 0
        program = self._program
        grace = [str(int(program.stop_signal)), str(program.grace_s), str(self.log)]
        self._keeper = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-I", "-S", str(KEEPER), *grace, *program.command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=program.environment,
            start_new_session=True,  # a Ctrl-C is for the starter, which then stops us in order
        )
        said = self._keeper.stdout.readline() if self._keeper.stdout else b""
        self._pid = int(said or 0)
        if not self._pid:
            self._forget()
            raise LocalServerError(f"{program.name} did not start: {program.command[0]} cannot run")
        note_pid(self._pid_file, self._pid)

    def wait_until_ready(self, ready: Callable[[], bool], seconds: float) -> None:
        """Return once ready; LocalServerError, with the end of the log, where that fails."""
        wait_until(lambda: not self.running or ready(), seconds)
        if not self.running:
            self._forget()
            raise LocalServerError(f"{self._program.name} ended at once:\n{self.tail()}")
        if not ready():
            raise LocalServerError(
                f"{self._program.name} is not ready after {seconds:.0f} s:\n{self.tail()}"
            )

    def stop(self) -> None:
        """End the process in good order, or by force after its grace; nothing if it is gone."""
        if self._keeper is None:
            return
        self.resume()
        keeper, self._keeper = self._keeper, None  # as in ``kill``
        _close(keeper.stdin)
        keeper.wait(self._program.grace_s + KEEPER_S)
        self._close_pipes(keeper)

    def kill(self) -> None:
        """End the process by SIGKILL; returns when its own children are gone too."""
        if self._keeper is None:
            return
        # Whoever looks on meanwhile must see a process that was killed here, not one that died.
        keeper, self._keeper = self._keeper, None
        children = descendants(self._pid)
        if keeper.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
        keeper.wait(KEEPER_S)
        psutil.wait_procs(children, KEEPER_S)
        self._close_pipes(keeper)

    def pause(self) -> None:
        """Stop the process where it is (SIGSTOP); its sockets stay open and silent."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused process go on (SIGCONT)."""
        self._signal(signal.SIGCONT)

    def said(self, words: bytes) -> bool:
        """Whether the words stand in what this run of the process has logged."""
        return words in self._logged()

    def tail(self) -> str:
        """The last lines of the log of this run."""
        lines = self._logged().decode("utf-8", "replace").splitlines()
        said = [line for line in lines if not line.startswith("\tat ")]  # a stack says little
        return "\n".join(said[-LOG_TAIL_LINES:])

    def _logged(self) -> bytes:
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            return log.read()

    def _signal(self, number: signal.Signals) -> None:
        if self.running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, number)

    def _forget(self) -> None:
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            self._close_pipes(keeper)

    def _close_pipes(self, keeper: subprocess.Popen[bytes]) -> None:
        _close(keeper.stdin)
        if keeper.stdout is not None and keeper.poll() is not None:
            self.statuses += map(int, keeper.stdout)  # the keeper's last word
        _close(keeper.stdout)
        self._pid_file.unlink(missing_ok=True)


def _close(stream: IO[bytes] | None) -> None:
    if stream is not None:
        stream.close()
