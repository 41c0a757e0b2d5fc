"""Tokens: one way to be let in, and every way to be refused."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, OKPKey

from contracts.problems import Problem, ProblemError
from contracts.vocabulary import Role
from services.chassis.actor import Actor
from services.chassis.tokens import (
    LEEWAY,
    LONGEST_LIFE,
    TokenFormError,
    Tokens,
    create_key_file,
    read_keys,
)
from tests.ports.samples import NOON
from tests.ports.small_site import ADMIN, OFFICER, signing_keys

PARTNER = Actor(subject="pat", role=Role.PARTNER, agency_id="agency-a")
KEYS = signing_keys()
SECOND = timedelta(seconds=1)


@pytest.fixture
def tokens() -> Tokens:
    """The issuer under test."""
    return Tokens(KEYS, "handoff", "handoff")


def claims(**changes: Any) -> dict[str, Any]:
    """Good claims, changed; None leaves one out."""
    now = int(NOON.timestamp())
    good = {
        "iss": "handoff",
        "aud": "handoff",
        "sub": "ada",
        "role": "admin",
        "iat": now,
        "nbf": now,
        "exp": now + 3600,
    }
    return {name: value for name, value in (good | changes).items() if value is not None}


def signed(content: dict[str, Any], keys: KeySet = KEYS, **header: Any) -> str:
    """A token with these claims."""
    head = {"alg": "Ed25519", "kid": keys.keys[0].kid} | header
    return jwt.encode(head, content, keys.keys[0], ["Ed25519"])


def part(content: Any) -> str:
    """One part of a token made by hand."""
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def by_hand(head: Any) -> str:
    """A token with this header and a signature of nothing."""
    return f"{part(head)}.{part(claims())}.AAAA"


def unsigned() -> str:
    return f"{part({'alg': 'none'})}.{part(claims())}."


def signed_with_the_public_key() -> str:
    """The classic confusion: a shared-secret algorithm, with the public key for the secret."""
    public = KEYS.keys[0].as_dict(private=False)
    secret = OctKey.import_key(json.dumps(public))
    return jwt.encode({"alg": "HS256", "kid": "signing-1"}, claims(), secret, ["HS256"])


def with_other_claims() -> str:
    head, _, signature = signed(claims()).split(".")
    return f"{head}.{part(claims(sub='eve'))}.{signature}"


def with_a_key_of_its_own() -> str:
    own = signing_keys()
    return signed(claims(), own, jwk=own.keys[0].as_dict(private=False))


REFUSED: dict[str, Callable[[], str]] = {
    "empty": lambda: "",
    "no token": lambda: "hello",
    "three dots": lambda: "...",
    "not ASCII": lambda: "ä.ö.ü",
    "no algorithm": unsigned,
    "an unnamed algorithm": lambda: f"{part({})}.{part(claims())}.",
    "a shared secret": signed_with_the_public_key,
    "the older name of the algorithm": lambda: by_hand({"alg": "EdDSA", "kid": "signing-1"}),
    "an unknown key id": lambda: signed(claims(), kid="other"),
    "a key id that is no text": lambda: by_hand({"alg": "Ed25519", "kid": {}}),
    "another key under our id": lambda: signed(claims(), signing_keys()),
    "a key that the token brings": with_a_key_of_its_own,
    "claims changed after signing": with_other_claims,
    "a signature cut short": lambda: signed(claims())[:-4],
    "a critical header we do not know": lambda: by_hand(
        {"alg": "Ed25519", "kid": "signing-1", "crit": ["x"], "x": 1}
    ),
    "a header nested too deep": lambda: by_hand(b"[" * 100_000),
    "a header nested too deep under a name": lambda: by_hand(b'{"alg":' + b"[" * 50_000),
    "another issuer": lambda: signed(claims(iss="elsewhere")),
    "no issuer": lambda: signed(claims(iss=None)),
    "another audience": lambda: signed(claims(aud="elsewhere")),
    "no audience": lambda: signed(claims(aud=None)),
    "expired": lambda: signed(claims(exp=int((NOON - LEEWAY - SECOND).timestamp()))),
    "no expiry": lambda: signed(claims(exp=None)),
    "an expiry that is no number": lambda: signed(claims(exp="tomorrow")),
    "not yet valid": lambda: signed(claims(nbf=int((NOON + LEEWAY + SECOND).timestamp()))),
    "no beginning": lambda: signed(claims(nbf=None)),
    "issued in the future": lambda: signed(claims(iat=int((NOON + 2 * LEEWAY).timestamp()))),
    "no subject": lambda: signed(claims(sub=None)),
    "an empty subject": lambda: signed(claims(sub="")),
    "a subject that is no text": lambda: signed(claims(sub=["ada"])),
    "a subject too long": lambda: signed(claims(sub="a" * 81)),
    "no role": lambda: signed(claims(role=None)),
    "an unknown role": lambda: signed(claims(role="mayor")),
    "two roles": lambda: signed(claims(role=["admin", "officer"])),
    "a partner of no agency": lambda: signed(claims(role="partner")),
    "a partner of two agencies": lambda: signed(claims(role="partner", agency=["a", "b"])),
    "an officer of no unit": lambda: signed(claims(role="officer")),
    "an officer of an empty unit": lambda: signed(claims(role="officer", unit="")),
}


@pytest.mark.parametrize("make", REFUSED.values(), ids=REFUSED.keys())
def test_a_token_that_is_not_right_is_refused(tokens: Tokens, make: Callable[[], str]) -> None:
    with pytest.raises(ProblemError) as caught:
        tokens.verify(make(), NOON)
    assert caught.value.problem.value.status == 401
    assert "ada" not in caught.value.detail
    assert "eve" not in caught.value.detail


@pytest.mark.parametrize("actor", [ADMIN, OFFICER, PARTNER])
def test_a_token_names_the_one_it_was_issued_to(tokens: Tokens, actor: Actor) -> None:
    assert tokens.verify(tokens.issue(actor, NOON), NOON) == actor


def test_a_token_made_by_hand_with_good_claims_is_taken(tokens: Tokens) -> None:
    assert tokens.verify(signed(claims()), NOON) == ADMIN


def test_a_token_lives_as_long_as_it_says_and_a_little_leeway(tokens: Tokens) -> None:
    token = tokens.issue(ADMIN, NOON, timedelta(minutes=5))
    end = NOON + timedelta(minutes=5)
    assert tokens.verify(token, end) == ADMIN
    with pytest.raises(ProblemError, match="expired_token"):
        tokens.verify(token, end + LEEWAY + SECOND)


def test_a_refusal_says_which_claim_is_wrong(tokens: Tokens) -> None:
    with pytest.raises(ProblemError, match="aud"):
        tokens.verify(signed(claims(aud="elsewhere")), NOON)


def test_the_first_key_signs_and_the_others_still_verify() -> None:
    old, new = signing_keys("old"), signing_keys("new")
    both = Tokens(KeySet([new.keys[0], old.keys[0]]), "handoff", "handoff")
    before = Tokens(old, "handoff", "handoff").issue(ADMIN, NOON)
    assert both.verify(before, NOON) == ADMIN
    assert Tokens(new, "handoff", "handoff").verify(both.issue(ADMIN, NOON), NOON) == ADMIN


@pytest.mark.parametrize(
    ("actor", "right"),
    [
        (Actor(subject="pat", role=Role.PARTNER), "agency"),
        (Actor(subject="olu", role=Role.OFFICER, agency_id="agency-a"), "unit"),
        (Actor(subject="", role=Role.ADMIN), "1 to 80"),
        (Actor(subject="a" * 81, role=Role.ADMIN), "1 to 80"),
    ],
)
def test_no_token_is_issued_that_would_not_be_taken(
    tokens: Tokens, actor: Actor, right: str
) -> None:
    with pytest.raises(TokenFormError, match=right):
        tokens.issue(actor, NOON)


def test_no_token_of_whomever_is_taken_that_lives_longer_than_a_day(tokens: Tokens) -> None:
    begins = int(NOON.timestamp())
    day = int(LONGEST_LIFE.total_seconds())
    assert tokens.verify(signed(claims(exp=begins + day)), NOON) == ADMIN
    for longer in (claims(exp=begins + day + 1), claims(iat=begins - day, exp=begins + 60)):
        with pytest.raises(ProblemError, match="longer than 24 hours") as refused:
            tokens.verify(signed(longer), NOON)
        assert refused.value.problem is Problem.UNAUTHENTICATED


@pytest.mark.parametrize("life", [timedelta(0), timedelta(seconds=-1), timedelta(hours=25)])
def test_no_token_is_issued_for_longer_than_a_day(tokens: Tokens, life: timedelta) -> None:
    with pytest.raises(TokenFormError, match="24 hours"):
        tokens.issue(ADMIN, NOON, life)


def test_a_key_file_is_the_owners_alone_and_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "signing.json"
    create_key_file(path, "signing-1")
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        create_key_file(path, "signing-2")
    assert [p.name for p in path.parent.iterdir()] == ["signing.json"]
    made = Tokens(read_keys(path), "handoff", "handoff")
    assert made.verify(made.issue(ADMIN, NOON), NOON) == ADMIN


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", "null", '{"keys": []}', '{"keys": [5]}', '{"keys": [{"kty": "x"}]}']
)
def test_a_key_file_that_holds_no_keys_is_refused_by_name(tmp_path: Path, content: str) -> None:
    path = tmp_path / "signing.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"signing\.json"):
        read_keys(path)


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "signing.json"
    path.write_text(json.dumps({"keys": [OctKey.generate_key(256).as_dict(private=True)]}))
    with pytest.raises(ValueError, match="Ed25519"):
        read_keys(path)


def test_a_key_on_another_curve_signs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "signing.json"
    other = OKPKey.generate_key("X25519", {"kid": "x"})
    path.write_text(json.dumps({"keys": [other.as_dict(private=True)]}))
    with pytest.raises(ValueError, match="Ed25519"):
        read_keys(path)


def test_a_token_says_when_it_was_issued_and_which_one_it_is(tokens: Tokens) -> None:
    first, second = (tokens.present(tokens.issue(ADMIN, NOON), NOON) for _ in range(2))
    assert (first.actor, first.issued_at) == (ADMIN, NOON)
    assert first.token_id
    assert first.token_id != second.token_id


def test_a_token_may_have_no_id_but_none_that_is_no_text(tokens: Tokens) -> None:
    assert tokens.present(signed(claims()), NOON).token_id is None
    with pytest.raises(ProblemError, match="jti"):
        tokens.present(signed(claims(jti=7)), NOON)


@pytest.mark.parametrize("moment", [-1e18, -1e300])
def test_a_token_issued_before_there_were_calendars_is_refused(
    tokens: Tokens, moment: float
) -> None:
    with pytest.raises(ProblemError) as refused:
        tokens.present(signed(claims(iat=moment)), NOON)
    assert refused.value.problem is Problem.UNAUTHENTICATED
