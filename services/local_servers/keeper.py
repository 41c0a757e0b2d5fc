"""Runs one server and ends it when whoever started the keeper is gone, however that ended.

The starter holds the other end of standard input. The kernel closes it whatever happens to the
starter, SIGKILL included; the keeper then ends the server. It is run as a file of its own with the
standard library alone, so that it starts quickly and nothing in it can fail.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading


def end(server: subprocess.Popen[bytes], how: signal.Signals, grace_s: float) -> None:
    """Ask the server to stop; kill it where it has not after ``grace_s``."""
    with contextlib.suppress(ProcessLookupError):
        server.send_signal(how)
        try:
            server.wait(grace_s)
        except subprocess.TimeoutExpired:
            server.kill()


def keep(how: signal.Signals, grace_s: float, log: str, command: list[str]) -> int:
    """Run the command with its output added to the log; return when it has ended."""
    with open(log, "ab") as output:  # noqa: PTH123 - pathlib costs a third of the start-up
        server = subprocess.Popen(  # noqa: S603 - the starter's own command
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )

    def watch() -> None:
        os.read(sys.stdin.fileno(), 1)  # unbuffered: nothing holds a lock when the main thread ends
        end(server, how, grace_s)

    threading.Thread(target=watch, daemon=True).start()
    with contextlib.suppress(BrokenPipeError):  # the starter may be gone before it could be told
        os.write(sys.stdout.fileno(), f"{server.pid}\n".encode())
    status = server.wait()
    with contextlib.suppress(BrokenPipeError):
        os.write(sys.stdout.fileno(), f"{status}\n".encode())
    return status


if __name__ == "__main__":
    keep(signal.Signals(int(sys.argv[1])), float(sys.argv[2]), sys.argv[3], sys.argv[4:])
