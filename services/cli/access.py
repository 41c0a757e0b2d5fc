"""The file that tells other commands where the servers of a suite are: the owner's alone."""

import json
from dataclasses import dataclass, replace
from typing import Any, Final

from services.chassis.kafka.settings import KafkaSettings
from services.chassis.private_file import write_private
from services.chassis.settings import Settings

FILE: Final = "servers.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The settings with the addresses of the databases in them, and the brokers."""

    settings: Settings
    kafka: KafkaSettings


def write(opened: Opened) -> None:
    """Write where the servers of the folder are, with passwords that every start renews.

    The roles that own the tables are left out: only a start migrates, and it makes them anew.
    """
    settings, path = opened.settings, opened.settings.keys / FILE
    content = {
        "databases": dict(settings.databases),
        "jwks_url": settings.jwks_url,
        "port": settings.port,
        "kafka": {"servers": opened.kafka.servers, "replication": opened.kafka.replication},
    }
    path.unlink(missing_ok=True)
    write_private(path, json.dumps(content, indent=1))


def read(settings: Settings) -> Opened | None:
    """The servers that the folder's last suite had; None where it never had any.

    Raises OSError or ValueError where what was written cannot be used.
    """
    path = settings.keys / FILE
    if not path.exists():
        return None
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="ascii"))
        kafka = content.pop("kafka")
        brokers = brokers_of(tuple(kafka["servers"]), int(kafka["replication"]))
        return Opened(settings=replace(settings, **content), kafka=brokers)
    except (KeyError, TypeError, AttributeError):
        raise ValueError(f"{path} does not tell where the servers are") from None


def brokers_of(servers: tuple[str, ...], count: int) -> KafkaSettings:
    """Local brokers, each with a copy of everything; one of three may be away."""
    return KafkaSettings(servers=servers, replication=count, in_sync=min(2, count))
