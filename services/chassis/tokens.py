"""Bearer tokens: signed JWTs with audience, role, agency or unit, and a short life."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import GuestProtocol, Key, KeySet, OKPKey

from contracts.problems import Problem, ProblemError
from contracts.vocabulary import Role
from services.chassis import jwks
from services.chassis.actor import Actor
from services.chassis.jwks import KeysAwayError, PublishedKeys
from services.chassis.private_file import write_private

ALGORITHMS: Final = ["Ed25519"]
LONGEST_LIFE: Final = timedelta(hours=24)
_DAY: Final = "24 hours"
LEEWAY: Final = timedelta(seconds=30)
LONGEST_NAME: Final = 80
_AWAY: Final = "the identity provider's keys are not to be had: send it again in a moment"
# RecursionError: a header nested a thousand deep is read before the signature is.
_REFUSED: Final = (
    *(JoseError, ValueError, KeyError, TypeError, AttributeError, RecursionError),
    OverflowError,  # a token of before the year 1
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NEEDS: Final[Mapping[Role, str]] = {Role.PARTNER: "agency", Role.OFFICER: "unit"}


@dataclass(frozen=True, slots=True)
class Presented:
    """What a good token says: who calls, when it was issued, and its id where it has one."""

    actor: Actor
    issued_at: datetime
    token_id: str | None


class TokenFormError(ValueError):
    """A token cannot be issued for this role as asked."""


def create_key_file(path: Path, kid: str) -> None:
    """Write a new private signing key, readable by its owner alone."""
    key = OKPKey.generate_key("Ed25519", {"kid": kid, "alg": "Ed25519", "use": "sig"})
    write_private(path, json.dumps({"keys": [key.as_dict(private=True)]}))


def read_keys(path: Path) -> KeySet:
    """The keys of a file; the first one signs, all verify. Raises ValueError."""
    try:
        keys = KeySet.import_key_set(json.loads(path.read_text(encoding="ascii")))
    except (JoseError, ValueError, KeyError, TypeError, AttributeError):
        raise ValueError(f"{path.name} holds no set of keys (JWKS)") from None
    if not keys.keys or not all(map(_is_ed25519, keys.keys)):
        raise ValueError(f"{path.name} needs Ed25519 keys, and one at least")
    return keys


def _is_ed25519(key: Key) -> bool:
    return isinstance(key, OKPKey) and key.curve_name == "Ed25519"


class Tokens:
    """Issues and verifies tokens of one issuer and audience.

    With the keys of a file it does both; with those that an identity provider publishes it
    verifies only.
    """

    def __init__(self, keys: KeySet | PublishedKeys, issuer: str, audience: str) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience

    @property
    def can_issue(self) -> bool:
        """Whether tokens are issued here, and not by an identity provider."""
        return not isinstance(self._keys, PublishedKeys)

    def issue(self, actor: Actor, now: datetime, life: timedelta = timedelta(hours=12)) -> str:
        """A signed token; raises TokenFormError for a role without its agency or unit."""
        if isinstance(self._keys, PublishedKeys):
            raise TokenFormError("the identity provider issues the tokens (HANDOFF_JWKS_URL)")
        missing = _missing(actor)
        if missing:
            raise TokenFormError(f"a token for a {actor.role} needs its {missing}")
        names = [name for name in (actor.subject, actor.agency_id, actor.unit_id) if name]
        if not actor.subject or any(len(name) > LONGEST_NAME for name in names):
            raise TokenFormError(f"a name in a token has 1 to {LONGEST_NAME} characters")
        if not timedelta(0) < life <= LONGEST_LIFE:
            raise TokenFormError(f"a token lives more than 0 and at most {_DAY}")
        key = self._keys.keys[0]
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": actor.subject,
            "role": actor.role.value,
            "agency": actor.agency_id,
            "unit": actor.unit_id,
            "iat": int(now.timestamp()),
            "nbf": int(now.timestamp()),
            "exp": int((now + life).timestamp()),
            "jti": str(uuid4()),
        }
        present = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode({"alg": ALGORITHMS[0], "kid": key.kid}, present, key, ALGORITHMS)

    def verify(self, token: str, now: datetime) -> Actor:
        """The caller that a token names; raises as ``present`` does."""
        return self.present(token, now).actor

    def present(self, token: str, now: datetime) -> Presented:
        """What a good token says; whether its access has ended, ``Callers`` asks.

        Raises ProblemError with what is wrong: 401 for the token, 503 where the identity
        provider's keys are not to be had.
        """
        try:
            claims = self._claims(token)
            self._check_claims(claims, now)
            presented = _presented(claims)
        except KeysAwayError:
            raise ProblemError(Problem.UNAVAILABLE, _AWAY) from None
        except _REFUSED as error:
            raise unauthenticated(_fault(error)) from None
        if _missing(presented.actor):
            raise unauthenticated(f"the token names no {_missing(presented.actor)}")
        return presented

    def _claims(self, token: str) -> dict[str, Any]:
        """What a token with a good signature says."""
        keys = self._keys
        if isinstance(keys, KeySet):
            return jwt.decode(token, keys, ALGORITHMS).claims
        registry = jwks.Algorithms()
        return jwt.decode(token, lambda guest: _published(keys, guest), registry=registry).claims

    def _check_claims(self, claims: dict[str, Any], now: datetime) -> None:
        registry = jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=int(LEEWAY.total_seconds()),
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._audience},
            sub={"essential": True},
            exp={"essential": True},
            nbf={"essential": True},
            iat={"essential": True},
            role={"essential": True},
        )
        registry.validate(claims)
        if claims["exp"] - claims["iat"] > LONGEST_LIFE.total_seconds():
            raise unauthenticated(f"the token is not valid: it lives longer than {_DAY} (exp)")


def _published(keys: PublishedKeys, guest: GuestProtocol) -> Key:
    """The provider's key for a token; raises KeysAwayError, or InvalidKeyIdError for none."""
    header = guest.headers()
    key = keys.find(header.get("kid"), header.get("alg"))
    if key is None:
        raise InvalidKeyIdError
    return key


def unauthenticated(detail: str) -> ProblemError:
    """The 401 answer with its reason."""
    return ProblemError(Problem.UNAUTHENTICATED, detail)


def _presented(claims: dict[str, Any]) -> Presented:
    issued_at = _EPOCH + timedelta(seconds=claims["iat"])
    return Presented(_actor(claims), issued_at, claims.get("jti"))


def _actor(claims: dict[str, Any]) -> Actor:
    return Actor(
        subject=_named(claims["sub"]),
        role=Role(claims["role"]),
        agency_id=_named(claims["agency"]) if "agency" in claims else None,
        unit_id=_named(claims["unit"]) if "unit" in claims else None,
    )


def _named(claim: object) -> str:
    if not isinstance(claim, str) or not 1 <= len(claim) <= LONGEST_NAME or "\0" in claim:
        raise ValueError
    return claim


def _missing(actor: Actor) -> str | None:
    """The claim that the role needs and the actor lacks."""
    needed = _NEEDS.get(actor.role)
    present = {"agency": actor.agency_id, "unit": actor.unit_id}
    return needed if needed and not present[needed] else None


def _fault(error: Exception) -> str:
    if isinstance(error, JoseError):
        claim = getattr(error, "claim", None)
        return f"the token is not valid: {error.error}{f' ({claim})' if claim else ''}"
    return "the token is not valid: it cannot be read"
