"""Every process restarted one after another under load: no request fails, and nothing is lost."""

import os
import signal
from typing import Final

import psutil
import pytest

from services.cli.duties import Duty
from services.local_servers.process import ServerProcess
from services.local_servers.waiting import wait_until
from tests.journey.load import Load, open_mailboxes, programs
from tests.journey.production_column import Production
from tests.journey.town import open_town

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.many_servers]

RENEWED_S: Final = 120.0
# A load that takes every core would make each restart, which is what is looked at, take long.
PAUSE_S: Final = 0.1
SHORT: Final = 1_000
LONG: Final = 10_000


def restart(production: Production, name: str) -> None:
    """Restart a process as an operator would: web processes by HUP, which keeps their port open."""
    suite = production.suite
    if suite.posts[name].duty is Duty.WEB:
        renew(suite.processes[name])
    else:
        suite.restart(name)


def renew(web: ServerProcess) -> None:
    """Have gunicorn start new workers and let the old ones finish; return when they are gone."""
    before = _workers(web)
    os.kill(web.pid, signal.SIGHUP)

    def renewed() -> bool:
        now = _workers(web)
        return len(now) >= len(before) and not now & before

    assert wait_until(renewed, RENEWED_S), f"{before} still among {_workers(web)}"


def _workers(web: ServerProcess) -> set[int]:
    return {child.pid for child in psutil.Process(web.pid).children()}


@pytest.mark.parametrize("requests", [SHORT, pytest.param(LONG, marks=pytest.mark.soak)])
def test_no_request_fails_while_every_process_is_restarted(
    production: Production, requests: int
) -> None:
    with open_town(production.emptied(), *programs()) as town:
        open_mailboxes(town)
        with Load(town, patience_s=0, pause_s=PAUSE_S) as load:
            while load.asked < requests:
                for name in production.suite.processes:
                    load.await_acceptances(1)
                    restart(production, name)
        town.settle()
        assert load.failures == []
        assert load.losses() == []
        assert town.violations() == []
