"""A real Apache Kafka of one or three brokers in a folder of its own, on free ports."""

import base64
import json
import os
import signal
import tempfile
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self

from services.local_servers.broker import READY_S, Broker, Software
from services.local_servers.certificates import new_authority
from services.local_servers.claim import Claim
from services.local_servers.java import quick_start
from services.local_servers.kafka_config import NODE, Node, Security, properties
from services.local_servers.kafka_jars import Progress, kafka_jars
from services.local_servers.ports import free_ports
from services.local_servers.waiting import wait_until

PORTS_EACH: Final = 3


class Kafka:
    """Starts on entry and stops on exit; the topics stay in the folder for the next time."""

    def __init__(
        self,
        folder: Path,
        brokers: Literal[1, 3] = 1,
        security: Security | None = None,
        *,
        progress: Progress | None = None,
        java_options: Sequence[str] | None = None,
    ) -> None:
        """Describe the cluster; nothing runs before ``start`` or ``with``.

        ``progress`` is told how far the first fetching is; ``java_options`` stand in place of
        those for a quick start.
        """
        self.folder = folder.resolve()
        self.brokers: list[Broker] = []
        self._count = brokers
        self._security = security
        self._progress = progress
        self._java_options = java_options
        self._claim: Claim | None = None

    @property
    def servers(self) -> tuple[str, ...]:
        """The address (host:port) of each broker."""
        return tuple(broker.address for broker in self.brokers)

    @property
    def authority(self) -> Path:
        """The certificate that clients are to trust, where security is on."""
        return self._tls / "authority.pem"

    def start(self) -> None:
        """Claim the folder, set it up if it is new, and wait until every broker serves.

        Raises LocalServerError: folder in use, jars not to be had, or a broker does not come up.
        """
        if self._claim is None:
            self._claim = Claim(self.folder)
        try:
            if not self.brokers:
                self._set_up()
            self._launch()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop every broker in good order and let go of the folder."""
        # Together: a broker that stops alone waits for the others to take over.
        with ThreadPoolExecutor(max_workers=max(1, len(self.brokers))) as pool:
            list(pool.map(Broker.stop, self.brokers))
        if self._claim is not None:
            self._claim.release()
        self._claim = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def _tls(self) -> Path:
        return self.folder / "tls"

    def _launch(self) -> None:
        makings = [(broker, broker.formatting()) for broker in self.brokers]
        for broker, making in makings:
            broker.formatted(making)
        for broker in self.brokers:
            broker.launch()
        for broker in self.brokers:
            broker.wait_until_ready()

    def _set_up(self) -> None:
        jars = kafka_jars(progress=self._progress)
        plan = self._plan()
        nodes = [_node(self.folder, number, ports) for number, ports in plan["ports"].items()]
        if self._security is not None:
            self._make_certificates()
        users = self._security.users if self._security is not None else {}
        options = self._java_options
        if options is None:
            options = quick_start(jars, _record)
        software = Software(java_options=options, jars=jars, cluster=plan["cluster"], users=users)
        for node in nodes:
            node.folder.mkdir(exist_ok=True)
            tls = self._tls if self._security is not None else None
            node.file.write_text(properties(node, nodes, tls), encoding="utf-8")
        self.brokers = [Broker(node, software) for node in nodes]

    def _plan(self) -> dict[str, Any]:
        """The cluster's identity and ports: chosen once for a folder, for they are its own."""
        file = self.folder / f"cluster-of-{self._count}.json"
        if not file.exists():
            cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
            free = free_ports(self._count * PORTS_EACH)
            ports = {str(n + 1): free[n * PORTS_EACH :][:PORTS_EACH] for n in range(self._count)}
            file.write_text(json.dumps({"cluster": cluster, "ports": ports}), encoding="ascii")
        plan: dict[str, Any] = json.loads(file.read_text(encoding="ascii"))
        return plan

    def _make_certificates(self) -> None:
        if not self.authority.exists():
            self._tls.mkdir(mode=0o700, exist_ok=True)
            authority = new_authority("Local Kafka")
            authority.issue(NODE, self._tls / f"{NODE}.pem")
            authority.write(self.authority)


def _node(folder: Path, number: str, ports: list[int]) -> Node:
    client, controller, internal = ports
    return Node(
        number=int(number),
        client=client,
        controller=controller,
        internal=internal,
        folder=folder / f"broker-{number}",
    )


def _record(java_options: Sequence[str]) -> None:
    """Run a broker with these options until it serves, and let it write down what it recorded."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Kafka(Path(folder) / "kafka", java_options=java_options) as recording,
    ):
        (broker,) = recording.brokers
        os.kill(broker.pid, signal.SIGTERM)
        wait_until(lambda: not broker.running, READY_S)
