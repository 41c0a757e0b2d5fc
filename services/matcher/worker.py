"""The worker process of matcher: its relay, consumers and jobs."""

from collections.abc import Collection

from contracts.topics import Service
from services.chassis import worker
from services.chassis.service import Task
from services.matcher import app as wiring
from services.matcher import settings


def run(tasks: Collection[Task]) -> int:
    """Run these tasks until told to stop; returns the exit status. Raises SettingError."""
    return worker.run(
        Service.MATCHER, lambda platform: wiring.build(platform, settings.read()), tasks
    )
