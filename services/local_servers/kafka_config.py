"""The configuration file of one Kafka broker that is its own controller (KRaft)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from services.local_servers.ports import HOST

NODE: Final = "broker"
ADMIN: Final = "admin"
MECHANISM: Final = "SCRAM-SHA-512"


@dataclass(frozen=True, slots=True)
class Security:
    """TLS, SASL/SCRAM-SHA-512 and an access list that denies by default.

    ``users`` maps each name to its password; the user ``admin`` must be there and may do anything.
    """

    users: Mapping[str, str] = field(repr=False)

    def __post_init__(self) -> None:
        """Raise ValueError where nobody could grant anything."""
        if ADMIN not in self.users:
            raise ValueError(f"users must hold {ADMIN!r}, who grants the others what they may do")


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Where one broker listens and keeps its files; ``client`` is the port for its users."""

    number: int
    client: int
    controller: int
    internal: int
    folder: Path

    @property
    def logs(self) -> Path:
        """The folder of its topics and of the cluster's metadata."""
        return self.folder / "logs"

    @property
    def file(self) -> Path:
        """Its configuration file."""
        return self.folder / "server.properties"

    @property
    def address(self) -> str:
        """Where its users reach it."""
        return f"{HOST}:{self.client}"


def properties(node: Node, nodes: list[Node], tls: Path | None) -> str:
    """The file of a broker; ``tls`` is the folder of certificates where security is on."""
    lines = {**_common(node, nodes), **_listeners(node, secure=tls is not None)}
    if tls is not None:
        lines |= _secured(tls)
    return "".join(f"{name}={value}\n" for name, value in lines.items())


def _common(node: Node, nodes: list[Node]) -> dict[str, object]:
    copies = len(nodes)
    in_sync = 1 if copies == 1 else 2
    return {
        "process.roles": "broker,controller",
        "node.id": node.number,
        "controller.quorum.voters": ",".join(f"{n.number}@{HOST}:{n.controller}" for n in nodes),
        "log.dirs": node.logs,
        "auto.create.topics.enable": "false",
        "unclean.leader.election.enable": "false",
        "default.replication.factor": copies,
        "min.insync.replicas": in_sync,
        "offsets.topic.replication.factor": copies,
        "offsets.topic.num.partitions": 3,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": in_sync,
        "transaction.state.log.num.partitions": 3,
        "group.initial.rebalance.delay.ms": 0,
        "group.min.session.timeout.ms": 1_000,
        # A dead or paused broker is fenced after this, and its partitions get other leaders.
        "broker.session.timeout.ms": 4_000,
        "broker.heartbeat.interval.ms": 500,
        "num.network.threads": 2,
        "num.io.threads": 4,
    }


def _listeners(node: Node, *, secure: bool) -> dict[str, object]:
    ports = {"CLIENT": node.client, "CONTROLLER": node.controller, "INTERNAL": node.internal}
    if not secure:
        del ports["INTERNAL"]
    bound = {name: f"{name}://{HOST}:{port}" for name, port in ports.items()}
    advertised = [address for name, address in bound.items() if name != "CONTROLLER"]
    return {
        "listeners": ",".join(bound.values()),
        "advertised.listeners": ",".join(advertised),
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "INTERNAL" if secure else "CLIENT",
        "listener.security.protocol.map": (
            "CLIENT:SASL_SSL,CONTROLLER:SSL,INTERNAL:SSL"
            if secure
            else "CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT"
        ),
    }


def _secured(tls: Path) -> dict[str, object]:
    """Users by password over TLS; the brokers know each other by certificate."""
    module = "org.apache.kafka.common.security.scram.ScramLoginModule"
    return {
        "sasl.enabled.mechanisms": MECHANISM,
        f"listener.name.client.{MECHANISM.lower()}.sasl.jaas.config": f"{module} required;",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": tls / f"{NODE}.pem",
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": tls / "authority.pem",
        "listener.name.internal.ssl.client.auth": "required",
        "listener.name.controller.ssl.client.auth": "required",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": "false",
        "super.users": f"User:CN={NODE};User:{ADMIN}",
    }
