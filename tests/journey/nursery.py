"""Starts one command after another, quickly: it imports the command once and forks for each.

A run of `handoff` spends two seconds of the processor on imports before it does anything; a test
that ends it fifty times would do little else. Every run is a process of its own all the same, which
any signal may end. One line on standard input holds the arguments of a run (JSON); one line answers
with its process id, and one more, when it has ended, with how. The end of the input ends the run.
"""

import json
import os
import select
import signal
import sys
from contextlib import suppress
from importlib import import_module
from typing import Final

from services.cli.main import COMMANDS, main

LOOK_EVERY_S: Final = 0.01


def serve() -> None:
    """Run what each line asks for, until there are no more lines."""
    for place in COMMANDS.values():
        import_module(place.partition(":")[0])
    for line in iter(sys.stdin.buffer.readline, b""):
        pid = os.fork()
        if not pid:
            os._exit(_run(json.loads(line)))
        _say(pid)
        _say(_end_of(pid))


def _run(arguments: list[str]) -> int:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)
    try:
        main(arguments)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def _end_of(pid: int) -> int:
    """How the run ended: its exit status, or less than nothing for a signal."""
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if select.select([sys.stdin], [], [], LOOK_EVERY_S)[0]:  # nobody asks for the next one yet
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    serve()
