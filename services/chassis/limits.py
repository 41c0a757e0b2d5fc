"""How many requests a minute one caller may make, and from which address a request comes."""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from environs import Env
from marshmallow import ValidationError
from marshmallow.validate import Range

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

NAMES: Final = frozenset({"REQUESTS_A_MINUTE", "STRANGERS_A_MINUTE", "TRUSTED_PROXIES"})
# Twenty a second: a partner's system that reads page after page stays below, and a phone that
# sends everything three times far below.
A_MINUTE: Final = 1200
STRANGERS_A_MINUTE: Final = 300
_WITHIN: Final = Range(0, 1_000_000, error="must be from {min} to {max}; 0 for no limit")
_NETWORKS_ARE: Final = "must be addresses or networks with commas between, such as 10.0.0.0/8"
_HALF: Final = 64


@dataclass(frozen=True, slots=True)
class Limits:
    """Requests a minute; 0 is no limit.

    ``of_caller`` is for each caller that a good token names, ``of_address`` for each address, of
    requests without a good token alone: a department shares one. ``proxies`` are the networks of
    those who are believed when they say for whom they ask (X-Forwarded-For).
    """

    of_caller: int = 0
    of_address: int = 0
    proxies: Sequence[Network] = ()


def read(env: Env) -> Limits:
    """Read the settings; what is wrong shows when the environment is sealed."""
    of_caller = env.int("REQUESTS_A_MINUTE", A_MINUTE, validate=_WITHIN)
    of_address = env.int("STRANGERS_A_MINUTE", STRANGERS_A_MINUTE, validate=_WITHIN)
    proxies = env.str("TRUSTED_PROXIES", None, validate=_check_networks)
    return Limits(of_caller, of_address, _networks(proxies) if proxies else ())


def address_of(environ: Mapping[str, Any], proxies: Sequence[Network]) -> str:
    """The address that a WSGI request comes from.

    What a proxy says of where it comes from is believed of those named alone, and of them only the
    last word: whatever stands before it, the sender may have written.
    """
    found: str = environ.get("REMOTE_ADDR", "")
    said = environ.get("HTTP_X_FORWARDED_FOR", "").split(",") if proxies else []
    while said and _is_trusted(found, proxies):
        address = _read(said.pop())
        if address is None:
            break
        found = str(address)
    return found


def holder_of(address: str) -> str:
    """Whose address it is: who holds one of IPv6 holds the 64 bits below the network's."""
    read = _read(address)
    if not isinstance(read, ipaddress.IPv6Address):
        return address if read is None else str(read)
    return str(ipaddress.IPv6Address(int(read) >> _HALF << _HALF))


def _read(text: str) -> Address | None:
    """An address as it is written, some write a port after it; one of IPv4 within IPv6 is one."""
    for written in (text.strip(), text.strip().rpartition(":")[0].strip("[]")):
        try:
            address = ipaddress.ip_address(written)
        except ValueError:
            continue
        return getattr(address, "ipv4_mapped", None) or address
    return None


def _is_trusted(text: str, proxies: Sequence[Network]) -> bool:
    address = _read(text)
    return address is not None and any(address in network for network in proxies)


def _networks(text: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(part.strip()) for part in text.split(","))


def _check_networks(text: str) -> None:
    try:
        _networks(text)
    except ValueError:
        raise ValidationError(_NETWORKS_ARE) from None
