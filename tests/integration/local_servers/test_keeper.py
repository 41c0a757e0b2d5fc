"""The keeper: what it runs ends with its starter, whenever that ends."""

import subprocess
import sys
from pathlib import Path

from services.local_servers.process import KEEPER
from services.local_servers.waiting import wait_until
from tests.integration.local_servers.conftest import Running

GRACE_S = "5.0"
SERVER = "import time; time.sleep(600)"


def test_a_starter_that_ends_before_it_is_told_leaves_nothing_behind(
    tmp_path: Path, running: Running
) -> None:
    server = [sys.executable, "-c", SERVER, str(tmp_path)]
    keeper = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-I", "-S", str(KEEPER), "15", GRACE_S, str(tmp_path / "log"), *server],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert keeper.stdin is not None
    assert keeper.stdout is not None
    keeper.stdout.close()
    keeper.stdin.close()
    keeper.wait(30.0)
    assert wait_until(lambda: not running(str(tmp_path)), 10.0)
