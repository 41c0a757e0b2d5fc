"""An identity provider's keys: fetched from its JWKS address, kept, followed as they change."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, KeySet, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from services.chassis.faults import reason_of
from services.chassis.settings import LOOPBACK

log = structlog.get_logger()

# What a token may be signed with: no shared secret, and never nothing.
ALGORITHMS: Final = ["Ed25519", "EdDSA", "ES256", "PS256", "RS256"]
REFRESH_S: Final = 300.0
KEPT_S: Final = 3600.0
# Between two fetches that callers with unknown keys may cause, or a provider that is away.
PAUSE_S: Final = 10.0
FIRST_PAUSE_S: Final = 1.0
ANSWER_S: Final = 3.0
# For another thread's fetch, where kept keys serve everybody whose key is among them.
WAIT_S: Final = 0.2
LARGEST_BYTES: Final = 256 * 1024
LEAST_RSA_BITS: Final = 2048
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_EDWARDS: Final = frozenset({"Ed25519", "EdDSA"})
# ValueError: no JSON, or no key; RecursionError: JSON nested a thousand deep.
_NO_SET: Final = (JoseError, ValueError, KeyError, TypeError, AttributeError, RecursionError)


class KeysAwayError(Exception):
    """The provider's keys were never fetched, or not for too long: nobody can be let in."""


class UnfitKeysError(ValueError):
    """What stands at the address is no set of public signing keys; the text says why."""


@dataclass(frozen=True, slots=True)
class Known:
    """The keys by their ids, as fetched at a moment of the monotonic clock."""

    keys: Mapping[str, Key] = field(default_factory=dict)
    fetched_at: float | None = None


class Algorithms(JWSRegistry):
    """Those of ``ALGORITHMS``; EdDSA, a name that providers still use, is Ed25519 here."""

    def __init__(self) -> None:
        super().__init__(algorithms=ALGORITHMS)

    def get_alg(self, name: str) -> Any:
        """The algorithm of that name; raises JoseError."""
        return super().get_alg("Ed25519" if name == "EdDSA" else name)


class PublishedKeys:
    """The keys of one JWKS address; safe to ask from many threads, and fetched when first asked.

    Fetched again every five minutes, and for a key id that is not known, at most once in ten
    seconds. While the provider is away, what was fetched serves for an hour.
    """

    def __init__(self, url: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.url = url
        self._monotonic = monotonic
        self._known = Known()
        self._asked_at = -PAUSE_S
        self._asking = threading.Lock()

    def find(self, kid: object, algorithm: object) -> Key | None:
        """The key of that id where a signature of that algorithm fits it, else None.

        Raises KeysAwayError.
        """
        name = kid if isinstance(kid, str) else ""
        self._follow(unknown=bool(name) and name not in self._known.keys)
        known = self._known
        if not self._is_usable(known):
            raise KeysAwayError(f"no keys from {self.url}")
        key = known.keys.get(name)
        return key if key is not None and algorithm in algorithms_of(key) else None

    def _follow(self, *, unknown: bool) -> None:
        """Fetch if it is time to; who finds another thread fetching waits as it must."""
        if not self._is_due(unknown=unknown):
            return
        if self._asking.acquire(timeout=self._wait(unknown=unknown)):
            try:
                if self._is_due(unknown=unknown):
                    self._fetch()
            finally:
                self._asking.release()

    def _wait(self, *, unknown: bool) -> float:
        """How many seconds: none with a known key; as many as it takes (-1) without any keys."""
        if not unknown:
            return 0.0
        return WAIT_S if self._is_usable(self._known) else -1.0

    def _is_due(self, *, unknown: bool) -> bool:
        now, known = self._monotonic(), self._known
        pause = PAUSE_S if self._is_usable(known) else FIRST_PAUSE_S
        if now - self._asked_at < pause:
            return False
        return unknown or known.fetched_at is None or now - known.fetched_at > REFRESH_S

    def _is_usable(self, known: Known) -> bool:
        return known.fetched_at is not None and self._monotonic() - known.fetched_at <= KEPT_S

    def _fetch(self) -> None:
        try:
            keys = fetch(self.url)
        except (httpx.HTTPError, UnfitKeysError) as error:
            said = str(error) if isinstance(error, UnfitKeysError) else reason_of(error)
            log.warning("keys_not_fetched", url=self.url, reason=said)
        else:
            self._known = Known(keys, self._monotonic())
        self._asked_at = self._monotonic()


def fetch(url: str) -> dict[str, Key]:
    """The signing keys at an address, by id; raises httpx.HTTPError or UnfitKeysError."""
    # A proxy or an authority of the environment is for the way out, not for this machine.
    outside = urlsplit(url).hostname not in LOOPBACK
    try:
        with httpx.Client(timeout=ANSWER_S, trust_env=outside) as http:
            return read_published(json.loads(_body(http, url)))
    except UnfitKeysError:
        raise
    except _NO_SET:
        raise UnfitKeysError("what is there is no set of keys (JWKS)") from None


def read_published(content: Any) -> dict[str, Key]:
    """The keys of a set that may verify signatures, by id.

    Raises UnfitKeysError for a set that holds a secret, for whoever read it could sign, and where
    no key is of use.
    """
    entries = content["keys"]
    if any(entry.get("kty") == "oct" or _PRIVATE & entry.keys() for entry in entries):
        raise UnfitKeysError("the set holds a private or a shared key: it must be public keys only")
    found = [_import(entry) for entry in entries if entry.get("use") == "sig" and entry.get("kid")]
    keys = {str(key.kid): key for key in found if key is not None}
    if not keys:
        raise UnfitKeysError(f"the set holds no key for {', '.join(ALGORITHMS)}")
    return keys


def algorithms_of(key: Key) -> frozenset[str]:
    """The algorithms whose signatures a key may verify: those of its kind, or its own alone."""
    named = key.get("alg")
    return _of_kind(key) & {str(named)} if named else _of_kind(key)


def public_set(keys: KeySet) -> dict[str, Any]:
    """What an issuer publishes of its own keys: never their private parts."""
    return keys.as_dict(private=False)  # type: ignore[return-value]


def _of_kind(key: Key) -> frozenset[str]:
    if isinstance(key, OKPKey) and key.curve_name == "Ed25519":
        return _EDWARDS
    if isinstance(key, ECKey) and key.curve_name == "P-256":
        return frozenset({"ES256"})
    if isinstance(key, RSAKey) and key.raw_value.key_size >= LEAST_RSA_BITS:
        return frozenset({"RS256", "PS256"})
    return frozenset()


def _import(entry: dict[str, Any]) -> Key | None:
    """A key, or None for one that no algorithm of ours fits: a set may hold others."""
    if entry.get("alg") in _EDWARDS:  # two names of one algorithm (RFC 9864): either may sign
        entry = {name: value for name, value in entry.items() if name != "alg"}
    try:
        (key,) = KeySet.import_key_set({"keys": [entry]}).keys
    except _NO_SET:
        return None
    return key if algorithms_of(key) else None


def _body(http: httpx.Client, url: str) -> bytes:
    """The body of the answer, which may neither be endless nor take for ever."""
    until, body = time.monotonic() + 2 * ANSWER_S, b""
    with http.stream("GET", url, headers={"Accept": "application/json"}) as response:
        response.raise_for_status()
        for part in response.iter_bytes():
            body += part
            if len(body) > LARGEST_BYTES or time.monotonic() > until:
                raise UnfitKeysError("the answer is too large, or does not end")
    return body
