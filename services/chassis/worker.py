"""A worker process of a service: relay, consumers and jobs, with an operations app of its own."""

import socket
import threading
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import structlog

from contracts.topics import Service
from services.chassis import failpoints, logs, names
from services.chassis import settings as shared
from services.chassis.event_log import EventLog
from services.chassis.kafka import settings as kafka
from services.chassis.kafka.log import KafkaLog
from services.chassis.loops import stop_all
from services.chassis.operations import create_operations
from services.chassis.platform import Build, Platform, open_platform
from services.chassis.service import Task, WiredService
from services.chassis.serving import HttpServer, Stopping
from services.chassis.settings import SettingError, Settings

log = structlog.get_logger()

LOOK_S: Final = 1.0
# Together less than twenty seconds: a platform that asked a process to stop does not wait longer.
FINISH_S: Final = 12.0
LEAVE_S: Final = 5.0
ANSWER_S: Final = 2.0
FAILED: Final = 1


@dataclass(frozen=True, slots=True)
class Worker:
    """The parts of a running worker."""

    service: WiredService
    event_log: EventLog
    web: HttpServer
    stopping: Stopping

    def last(self) -> int:
        """Stay until asked to stop, or stuck; returns the exit status for that."""
        while not self.stopping.wait(LOOK_S):
            stuck = self.service.stuck()
            if stuck:
                log.critical("worker_stuck", faults=stuck)
                return FAILED
        log.info("worker_stops")
        return 0

    def close(self) -> list[str]:
        """Finish the batch, the send or the tick, then leave; returns what did not end in time."""
        self.stopping.ask()
        late = stop_all(self.service.loops, FINISH_S)
        leaving = threading.Thread(target=self._leave, name="leaving", daemon=True)
        leaving.start()
        leaving.join(LEAVE_S)
        if leaving.is_alive():
            late.append("leaving")
        if not self.web.drain(ANSWER_S):
            late.append("http")
        return late

    def _leave(self) -> None:
        """Brokers that are away may keep this waiting."""
        self.service.close()
        self.event_log.close()


def run(name: Service, build: Build, tasks: Collection[Task]) -> int:
    """Run the tasks until SIGTERM or SIGINT; returns the exit status. Call it in the main thread.

    Not 0 where a loop ended by itself or hangs, so that the platform starts another process, or
    where something did not end in time. Raises SettingError before anything runs.
    """
    found = names.read_settings()
    logs.configure(found.log_level, service=name.value, process="+".join(sorted(tasks)))
    failpoints.arm(found.failpoints)
    platform = open_platform(found, name)
    brokers = kafka.of(found)
    if brokers is None:
        raise SettingError("HANDOFF_KAFKA_SERVERS is missing: a worker needs the event log")
    stopping = Stopping()
    service = build(platform)
    web = _operations(service, platform, stopping)
    stopping.on_signals()
    worker = Worker(service, KafkaLog(brokers), web, stopping)
    service.start(worker.event_log, tasks, _member(found, web.port))
    web.start()
    log.info("worker_runs", port=web.port, tasks=sorted(tasks))
    status = worker.last()
    late = worker.close()
    if late:
        log.error("did_not_end_in_time", what=late)
    return FAILED if late else status


def _operations(service: WiredService, platform: Platform, stopping: Stopping) -> HttpServer:
    found = platform.settings
    app = create_operations([service], platform.clock, platform.tokens, stopping.asked)
    try:
        return HttpServer(app, found.host, found.port, found.threads)
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else shared.HOST_IS
        where = f"HANDOFF_HOST {found.host}, HANDOFF_PORT {found.port}"
        raise SettingError(f"{where}: {said}") from None


def _member(found: Settings, port: int) -> str:
    """What tells this process from the others of its groups, the same after a restart."""
    return found.member or f"{socket.gethostname()}-{port}"
