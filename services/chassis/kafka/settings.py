"""The settings of the Kafka client: where it is, who we are there, and how long we wait."""

import os
import re
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from environs import Env
from marshmallow import ValidationError
from marshmallow.validate import Length

from services.chassis.settings import PREFIX, SettingError, Settings, seal, within

NAMES: Final = frozenset(
    "KAFKA_SERVERS KAFKA_TLS KAFKA_AUTHORITY KAFKA_CERTIFICATE KAFKA_KEY KAFKA_USER KAFKA_PASSWORD"
    " KAFKA_REPLICATION KAFKA_IN_SYNC".split()
)
NEEDS_TLS: Final = "user, authority and certificate"
MECHANISM: Final = "SCRAM-SHA-512"
_SAID: Final = Length(min=1, error="must not be empty: leave it out, or give a value")
_SERVER: Final = re.compile(r"([\w.-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}")


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaSecurity:
    """TLS, and who we are: a user with a password (SCRAM), a certificate, or both.

    ``authority`` is the certificate file (PEM) to trust in place of the system's; ``certificate``
    and ``key`` are ours.
    """

    tls: bool = False
    authority: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Raise ValueError for what would be unsafe or incomplete."""
        if (self.user is None) != (self.password is None):
            raise ValueError(f"{_name('USER')} and {_name('PASSWORD')} go together: one is missing")
        if self.key is not None and self.certificate is None:
            raise ValueError(f"{_name('KEY')} is of use with {_name('CERTIFICATE')} only")
        named = self.user or self.authority or self.certificate
        if named and not self.tls:
            # SCRAM in clear text lets a listener try passwords at leisure.
            raise ValueError(f"{_name('TLS')} must be true: {NEEDS_TLS} are used with it only")

    def options(self) -> dict[str, Any]:
        """The client's options; raises OSError where a file cannot be read."""
        if not self.tls:
            return {"security_protocol": "PLAINTEXT"}
        context = ssl.create_default_context(cafile=self.authority)
        if self.certificate is not None:
            context.load_cert_chain(self.certificate, self.key)
        if self.user is None:
            return {"security_protocol": "SSL", "ssl_context": context}
        return {
            "security_protocol": "SASL_SSL",
            "ssl_context": context,
            "sasl_mechanism": MECHANISM,
            "sasl_plain_username": self.user,
            "sasl_plain_password": self.password,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaSettings:
    """``servers`` are host:port; times are seconds.

    ``answer_s`` bounds every question to a broker, ``publish_s`` an acknowledgment (it must outlast
    the election of a new leader), ``session_s`` how long a silent member keeps its partitions.
    """

    servers: tuple[str, ...]
    security: KafkaSecurity = field(default_factory=KafkaSecurity)
    replication: int = 3
    in_sync: int = 2
    answer_s: float = 10.0
    publish_s: float = 30.0
    session_s: float = 15.0


def of(settings: Settings) -> KafkaSettings | None:
    """The brokers that go with the databases of PostgreSQL; None where every store is SQLite.

    Raises SettingError for a wrong setting, and for a mix that is not supported.
    """
    found = read()
    if settings.on_servers and found is None:
        raise SettingError(f"{_name('SERVERS')} is missing: events go through Kafka on PostgreSQL")
    if found is not None and not settings.on_servers:
        raise SettingError(f"{_name('SERVERS')} is set, but no {PREFIX}..._DATABASE: name both")
    return found


def read() -> KafkaSettings | None:
    """The settings of HANDOFF_KAFKA_...; None where none is set.

    Raises SettingError naming every wrong one.
    """
    env = Env(eager=False, prefix=PREFIX)
    servers: list[str] = env.list("KAFKA_SERVERS", [], validate=_check_servers)
    tls = env.bool("KAFKA_TLS", default=False)
    authority = env.path("KAFKA_AUTHORITY", None, validate=_check_file)
    certificate = env.path("KAFKA_CERTIFICATE", None, validate=_check_file)
    key = env.path("KAFKA_KEY", None, validate=_check_file)
    user = env.str("KAFKA_USER", None, validate=_SAID)
    password = env.str("KAFKA_PASSWORD", None, validate=_SAID)
    replication = env.int("KAFKA_REPLICATION", 3, validate=within(1, 32))
    in_sync = env.int("KAFKA_IN_SYNC", None, validate=within(1, 32))
    seal(env)
    if not servers:
        _refuse_without_servers()
        return None
    security = _security(
        tls=tls, authority=authority, certificate=certificate, key=key, user=user, password=password
    )
    return KafkaSettings(
        servers=tuple(server.strip() for server in servers),
        security=security,
        replication=replication,
        in_sync=_in_sync(in_sync, replication),
    )


def _security(**given: Any) -> KafkaSecurity:
    try:
        security = KafkaSecurity(**given)
        security.options()
    except OSError as error:
        files = ", ".join(_name(each) for each in ("AUTHORITY", "CERTIFICATE", "KEY"))
        raise SettingError(f"{files}: a certificate or key cannot be used ({error})") from None
    except ValueError as error:
        raise SettingError(str(error)) from None
    return security


def _in_sync(given: int | None, replication: int) -> int:
    if given is not None and given > replication:
        raise SettingError(
            f'{_name("IN_SYNC")} "{given}": must be at most {_name("REPLICATION")} ({replication})'
        )
    return given or min(2, replication)


def _refuse_without_servers() -> None:
    lone = sorted(PREFIX + name for name in NAMES if PREFIX + name in os.environ)
    if lone:
        raise SettingError(f"{_name('SERVERS')} is missing: {', '.join(lone)} cannot do without")


def _check_servers(servers: list[str]) -> None:
    """Each is host:port; a name in brackets is an IPv6 address."""
    if not servers or not all(_SERVER.fullmatch(each.strip()) for each in servers):
        raise ValidationError("must be host:port, several with a comma between")


def _check_file(path: Path) -> None:
    if not (path.is_file() and os.access(path, os.R_OK)):
        raise ValidationError("must be a file that this process can read")


def _name(name: str) -> str:
    return f"{PREFIX}KAFKA_{name}"
