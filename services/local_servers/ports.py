"""Free TCP ports that stay free while a server is down."""

import random
import socket
from typing import Final

HOST: Final = "127.0.0.1"

# Below the range from which systems take the near end of outgoing connections (32768 on Linux):
# a client that tries to reach a stopped server must not take the server's own port.
_FIRST: Final = 15_000
_LAST: Final = 32_000


def free_ports(count: int) -> list[int]:
    """That many different ports on which nothing listens."""
    found: list[int] = []
    for port in random.sample(range(_FIRST, _LAST), _LAST - _FIRST):
        if _is_free(port):
            found.append(port)
        if len(found) == count:
            return found
    raise OSError("no free port is left")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
