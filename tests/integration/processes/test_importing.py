"""Importing the modules of processes opens nothing, and the web's bring no Kafka client along."""

import subprocess
import sys

LOOK = """
import importlib, os, sys, threading
before = set(os.listdir("/proc/self/fd"))
for service in ("referral_api", "matcher", "notifier"):
    importlib.import_module(f"services.{service}.MODULE")
assert set(os.listdir("/proc/self/fd")) == before
assert threading.active_count() == 1
print(*sorted(name for name in ("kafka", "psycopg") if name in sys.modules))
"""


def clients_imported_with(module: str) -> list[str]:
    """Which clients of servers a new interpreter has imported with a module of every service."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", LOOK.replace("MODULE", module)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_a_web_module_opens_nothing_and_knows_no_kafka() -> None:
    assert "kafka" not in clients_imported_with("wsgi")


def test_a_worker_module_opens_nothing() -> None:
    assert "kafka" in clients_imported_with("worker")
