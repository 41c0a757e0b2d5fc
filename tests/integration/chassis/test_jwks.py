"""Tokens of an identity provider: its keys over HTTP, their rotation, and whom nobody lets in."""

import json
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, Key, KeySet, OctKey, OKPKey, RSAKey

from contracts.problems import ProblemError
from services.chassis import jwks
from services.chassis.actor import Actor
from services.chassis.jwks import FIRST_PAUSE_S, KEPT_S, PAUSE_S, REFRESH_S, PublishedKeys
from services.chassis.tokens import TokenFormError, Tokens
from tests.ports.key_provider import Provider, published
from tests.ports.samples import NOON
from tests.ports.small_site import ADMIN

ALL = [*jwks.ALGORITHMS, "HS256", "ES384", "RS512", "none"]


class Watch:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()
    made.keys = [okp("first")]
    yield made
    made.close()


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def tokens(provider: Provider, watch: Watch) -> Tokens:
    """Tokens as a web process verifies them."""
    return Tokens(PublishedKeys(provider.url, watch), "handoff", "handoff")


def okp(kid: str, algorithm: str = "Ed25519") -> OKPKey:
    return OKPKey.generate_key("Ed25519", {"kid": kid, "use": "sig", "alg": algorithm})


def short() -> RSAKey:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        return RSAKey.generate_key(1024, {"kid": "k", "use": "sig"})


def signed(key: Key, algorithm: str = "Ed25519", kid: str | None = None) -> str:
    """An admin's token, signed so."""
    now = int(NOON.timestamp())
    claims = {"iss": "handoff", "aud": "handoff", "sub": "ada", "role": "admin"}
    moments = {"iat": now, "nbf": now, "exp": now + 3600}
    head = {"alg": algorithm, "kid": kid or key.kid}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)  # what is refused is signed here too
        return jwt.encode(head, claims | moments, key, ALL)


def status_of(tokens: Tokens, token: str) -> int:
    """How a token is answered: 200, or the status of its refusal."""
    try:
        tokens.verify(token, NOON)
    except ProblemError as error:
        return error.problem.value.status
    return 200


KINDS: dict[str, Callable[[], tuple[Key, str]]] = {
    "Ed25519": lambda: (okp("k"), "Ed25519"),
    "Ed25519 under its older name": lambda: (okp("k", "EdDSA"), "EdDSA"),
    "a key under the older name, a token under the newer": lambda: (
        okp("k", "EdDSA"),
        "Ed25519",
    ),
    "ES256": lambda: (ECKey.generate_key("P-256", {"kid": "k", "use": "sig"}), "ES256"),
    "RS256": lambda: (RSAKey.generate_key(2048, {"kid": "k", "use": "sig"}), "RS256"),
    "PS256": lambda: (
        RSAKey.generate_key(2048, {"kid": "k", "use": "sig", "alg": "PS256"}),
        "PS256",
    ),
}


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS.keys())
def test_a_token_is_taken_for_each_kind_of_key(
    provider: Provider, tokens: Tokens, make: Callable[[], tuple[Key, str]]
) -> None:
    key, algorithm = make()
    provider.keys = [key]
    assert tokens.verify(signed(plain(key), algorithm, kid="k"), NOON) == ADMIN


UNFIT: dict[str, Callable[[Key], tuple[Key, str]]] = {
    "an algorithm that is not the key's own": lambda _: (
        RSAKey.generate_key(2048, {"kid": "k", "use": "sig", "alg": "RS256"}),
        "PS256",
    ),
    "an algorithm of another strength": lambda _: (
        RSAKey.generate_key(2048, {"kid": "k", "use": "sig"}),
        "RS512",
    ),
    "a key for encryption": lambda _: (
        RSAKey.generate_key(2048, {"kid": "k", "use": "enc"}),
        "RS256",
    ),
    "a key for no said use": lambda _: (RSAKey.generate_key(2048, {"kid": "k"}), "RS256"),
    "a short key": lambda _: (short(), "RS256"),
    "another curve": lambda _: (
        ECKey.generate_key("P-384", {"kid": "k", "use": "sig"}),
        "ES384",
    ),
}


# The library warns of the short key, and takes it.
@pytest.mark.filterwarnings("ignore:Key size should be")
@pytest.mark.parametrize("make", UNFIT.values(), ids=UNFIT.keys())
def test_a_signature_that_does_not_fit_its_key_is_refused(
    provider: Provider, tokens: Tokens, make: Callable[[Key], tuple[Key, str]]
) -> None:
    key, algorithm = make(provider.keys[0])
    provider.keys = [key, okp("other")]
    assert status_of(tokens, signed(provider.keys[1])) == 200
    assert status_of(tokens, signed(plain(key), algorithm)) == 401


def plain(key: Key) -> Key:
    """The same key without what it says of its use: it signs whatever it is told to."""
    content = {k: v for k, v in key.as_dict(private=True).items() if k not in {"use", "alg"}}
    return KeySet.import_key_set({"keys": [content]}).keys[0]


def test_neither_a_shared_secret_nor_nothing_signs(provider: Provider, tokens: Tokens) -> None:
    public = provider.keys[0].as_dict(private=False)
    secret = OctKey.import_key(json.dumps(public))
    assert status_of(tokens, signed(secret, "HS256", kid="first")) == 401
    header, claims, _ = signed(provider.keys[0]).split(".")
    assert header
    assert status_of(tokens, f"eyJhbGciOiJub25lIiwia2lkIjoiZmlyc3QifQ.{claims}.") == 401


@pytest.mark.parametrize(
    "content",
    [
        lambda key: KeySet([key]).as_dict(private=True),
        lambda key: {
            "keys": [
                key.as_dict(private=False),
                OctKey.generate_key(256, {"kid": "s", "use": "sig"}).as_dict(private=True),
            ]
        },
        lambda _: {"keys": []},
        lambda _: {"keys": "none"},
        lambda _: [],
        lambda _: {"keys": [{"kty": "RSA", "kid": "x", "use": "sig"}]},
    ],
    ids=["private", "shared", "none", "no list", "no object", "broken"],
)
def test_a_set_that_holds_a_secret_or_no_key_lets_nobody_in(
    provider: Provider, tokens: Tokens, content: Callable[[Key], Any]
) -> None:
    key = provider.keys[0]
    body = json.dumps(content(key)).encode()
    provider.answer = lambda: body
    assert status_of(tokens, signed(key)) == 503


def test_keys_are_fetched_once_and_again_after_five_minutes(
    provider: Provider, tokens: Tokens, watch: Watch
) -> None:
    token = signed(provider.keys[0])
    assert [status_of(tokens, token) for _ in range(20)] == [200] * 20
    assert provider.asked == 1
    watch.now += REFRESH_S + 1
    assert status_of(tokens, token) == 200
    assert provider.asked == 2


def test_a_new_key_is_taken_without_a_restart_and_one_taken_back_is_refused(
    provider: Provider, tokens: Tokens, watch: Watch
) -> None:
    (old,) = provider.keys
    new = okp("second")
    assert status_of(tokens, signed(old)) == 200
    provider.keys = [new]
    watch.now += PAUSE_S + 1
    assert status_of(tokens, signed(new)) == 200
    assert status_of(tokens, signed(old)) == 401


def test_an_unknown_key_id_asks_the_provider_once_in_ten_seconds(
    provider: Provider, tokens: Tokens, watch: Watch
) -> None:
    assert status_of(tokens, signed(provider.keys[0])) == 200
    strangers = [signed(okp(f"stranger-{n}")) for n in range(20)]
    watch.now += PAUSE_S + 1
    with ThreadPoolExecutor(max_workers=8) as pool:
        answers = list(pool.map(lambda token: status_of(tokens, token), strangers))
    assert answers == [401] * 20
    assert provider.asked == 2
    watch.now += PAUSE_S + 1
    assert status_of(tokens, strangers[0]) == 401
    assert provider.asked == 3


def test_kept_keys_serve_for_an_hour_while_the_provider_is_away(
    provider: Provider, tokens: Tokens, watch: Watch
) -> None:
    token = signed(provider.keys[0])
    assert status_of(tokens, token) == 200
    provider.status = 500
    watch.now += KEPT_S - 1
    assert status_of(tokens, token) == 200
    watch.now += 2
    assert status_of(tokens, token) == 503
    provider.status = 200
    watch.now += FIRST_PAUSE_S + 1
    assert status_of(tokens, token) == 200


def test_a_set_gone_bad_leaves_the_kept_keys_in_use(
    provider: Provider, tokens: Tokens, watch: Watch
) -> None:
    token = signed(provider.keys[0])
    assert status_of(tokens, token) == 200
    provider.answer = lambda: b"[" * 100_000
    watch.now += REFRESH_S + 1
    assert status_of(tokens, token) == 200
    assert provider.asked == 2


def test_keys_that_were_never_fetched_are_a_fault_of_ours_not_of_the_token(watch: Watch) -> None:
    gone = Provider()
    gone.close()
    tokens = Tokens(PublishedKeys(gone.url, watch), "handoff", "handoff")
    with pytest.raises(ProblemError, match="identity provider") as caught:
        tokens.verify(signed(okp("first")), NOON)
    assert caught.value.problem.value.status == 503


def test_an_endless_answer_is_not_read_to_its_end(provider: Provider, tokens: Tokens) -> None:
    provider.answer = lambda: b" " * (jwks.LARGEST_BYTES + 1) + published(*provider.keys)
    assert status_of(tokens, signed(provider.keys[0])) == 503


def test_while_one_thread_waits_for_the_provider_the_others_go_on(
    provider: Provider, tokens: Tokens, watch: Watch
) -> None:
    token = signed(provider.keys[0])
    assert status_of(tokens, token) == 200
    provider.hold = threading.Event()
    watch.now += REFRESH_S + 1
    with ThreadPoolExecutor(max_workers=1) as pool:
        waiting = pool.submit(status_of, tokens, token)
        while provider.asked < 2:
            assert not waiting.done()
        assert status_of(tokens, token) == 200
        assert not waiting.done()
        provider.hold.set()
        assert waiting.result() == 200


def test_an_unknown_key_id_does_not_wait_for_a_slow_provider_while_keys_are_there(
    provider: Provider, tokens: Tokens, watch: Watch
) -> None:
    assert status_of(tokens, signed(provider.keys[0])) == 200
    provider.hold = threading.Event()
    watch.now += PAUSE_S + 1
    with ThreadPoolExecutor(max_workers=1) as pool:
        waiting = pool.submit(status_of, tokens, signed(okp("stranger-1")))
        while provider.asked < 2:
            assert not waiting.done()
        assert status_of(tokens, signed(okp("stranger-2"))) == 401
        assert not waiting.done()
        provider.hold.set()
        assert waiting.result() == 401


def test_who_has_the_providers_keys_issues_no_token(tokens: Tokens) -> None:
    with pytest.raises(TokenFormError, match="identity provider"):
        tokens.issue(Actor(subject="ada", role=ADMIN.role), NOON)


def test_what_an_issuer_publishes_holds_no_secret() -> None:
    keys = KeySet([okp("first")])
    public = jwks.public_set(keys)
    assert not any("d" in key for key in public["keys"])
    assert list(jwks.read_published(public)) == ["first"]
