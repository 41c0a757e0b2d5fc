"""The worker process of notifier: its relay, consumers and jobs."""

from collections.abc import Collection

from contracts.topics import Service
from services.chassis import worker
from services.chassis.service import Task
from services.notifier import app as wiring
from services.notifier import settings


def run(tasks: Collection[Task]) -> int:
    """Run these tasks until told to stop; returns the exit status. Raises SettingError."""
    return worker.run(
        Service.NOTIFIER, lambda platform: wiring.build(platform, settings.read()), tasks
    )
