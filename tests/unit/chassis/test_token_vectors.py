"""Published examples of signed tokens: our library reads them as written, and we take none."""

import pytest
from joserfc import jws
from joserfc.errors import BadSignatureError
from joserfc.jwk import Key, KeySet, OctKey, OKPKey

from contracts.problems import ProblemError
from services.chassis.tokens import Tokens
from tests.ports.samples import NOON

# The published examples go by the older name of the algorithm, which we do not take.
pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
# RFC 8037, A.1 and A.4.
ED25519: dict[str, str | list[str]] = {
    "kty": "OKP",
    "crv": "Ed25519",
    "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
}
SIGNED = (
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
)
THUMBPRINT = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
# RFC 7515, A.1 and A.5: a shared secret, and nothing.
SHARED: dict[str, str | list[str]] = {
    "kty": "oct",
    "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
}
_CLAIMS = (
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
)
_SIGNATURE = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
BY_SECRET = f"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{_CLAIMS}.{_SIGNATURE}"
UNSECURED = f"eyJhbGciOiJub25lIn0.{_CLAIMS}."


@pytest.fixture
def tokens() -> Tokens:
    """Verifies with the published key."""
    key = OKPKey.import_key(ED25519 | {"kid": "published"})
    return Tokens(KeySet([key]), "joe", "handoff")


@pytest.mark.parametrize(
    ("token", "key", "algorithm"),
    [
        (SIGNED, OKPKey.import_key(ED25519), "EdDSA"),
        (BY_SECRET, OctKey.import_key(SHARED), "HS256"),
    ],
)
def test_published_examples_are_verified_and_with_one_letter_changed_refused(
    token: str, key: Key, algorithm: str
) -> None:
    assert jws.deserialize_compact(token, key, [algorithm]).payload
    changed = token[:-3] + ("A" if token[-3] != "A" else "B") + token[-2:]
    with pytest.raises(BadSignatureError):
        jws.deserialize_compact(changed, key, [algorithm])


def test_our_keys_sign_as_the_published_example_does() -> None:
    key = OKPKey.import_key(ED25519)
    assert key.thumbprint() == THUMBPRINT
    text = b"Example of Ed25519 signing"
    assert jws.serialize_compact({"alg": "EdDSA"}, text, key, ["EdDSA"]) == SIGNED


@pytest.mark.parametrize("token", [SIGNED, BY_SECRET, UNSECURED])
def test_none_of_them_lets_anybody_in(tokens: Tokens, token: str) -> None:
    with pytest.raises(ProblemError) as refused:
        tokens.verify(token, NOON)
    assert refused.value.problem.value.status == 401
