"""The settings of the Kafka client: where it is, who we are there, and how long we wait."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from environs import Env, EnvError
from marshmallow.validate import Length, Range

from services.chassis.settings import PREFIX, SettingError

NAMES: Final = frozenset(
    "KAFKA_SERVERS KAFKA_TLS KAFKA_AUTHORITY KAFKA_CERTIFICATE KAFKA_KEY KAFKA_USER KAFKA_PASSWORD"
    " KAFKA_REPLICATION KAFKA_IN_SYNC".split()
)
MECHANISM: Final = "SCRAM-SHA-512"


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
            raise ValueError("a Kafka user needs a password, and a password a user")
        named = self.user or self.authority or self.certificate or self.key
        if named and not self.tls:
            # SCRAM in clear text lets a listener try passwords at leisure.
            raise ValueError("a Kafka user, authority or certificate is used with TLS only")

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


def read() -> KafkaSettings | None:
    """The settings of HANDOFF_KAFKA_...; None where no server is named; raises SettingError."""
    env = Env(eager=True, prefix=PREFIX)
    try:
        servers: tuple[str, ...] = tuple(env.list("KAFKA_SERVERS", []))
        security = KafkaSecurity(
            tls=env.bool("KAFKA_TLS", default=False),
            authority=env.path("KAFKA_AUTHORITY", None),
            certificate=env.path("KAFKA_CERTIFICATE", None),
            key=env.path("KAFKA_KEY", None),
            user=env.str("KAFKA_USER", None, validate=Length(min=1)),
            password=env.str("KAFKA_PASSWORD", None, validate=Length(min=1)),
        )
        replication = env.int("KAFKA_REPLICATION", 3, validate=Range(1, 32))
        in_sync = env.int("KAFKA_IN_SYNC", min(2, replication), validate=Range(1, replication))
    except (EnvError, ValueError) as error:
        raise SettingError(str(error)) from None
    if not servers:
        return None
    return KafkaSettings(
        servers=servers, security=security, replication=replication, in_sync=in_sync
    )
