"""From which address a request comes, and the settings of the limits."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis import settings
from services.chassis.limits import address_of, holder_of

PROXIES = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8"))
SAID = {
    "nothing said": ("203.0.113.9", None, "203.0.113.9"),
    "a stranger is not believed": ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
    "a proxy is": ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
    "what the sender wrote before is not": ("10.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"),
    "one proxy behind another": ("10.0.0.1", "198.51.100.1, 10.9.9.9", "198.51.100.1"),
    "a proxy that asks for itself": ("10.0.0.1", "10.9.9.9", "10.9.9.9"),
    "no address": ("10.0.0.1", "Jane Canary", "10.0.0.1"),
    "an empty word": ("10.0.0.1", "", "10.0.0.1"),
    "a port": ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
    "a port after six": ("fd00::1", "[2001:db8::1]:4711", "2001:db8::1"),
    "four within six": ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
    "a socket without address": ("", "198.51.100.1", ""),
}


@pytest.mark.parametrize(("remote", "said", "found"), SAID.values(), ids=SAID.keys())
def test_only_named_proxies_are_believed_and_only_their_last_word(
    remote: str, said: str | None, found: str
) -> None:
    environ = {"REMOTE_ADDR": remote} | ({} if said is None else {"HTTP_X_FORWARDED_FOR": said})
    assert address_of(environ, PROXIES) == found


@given(said=st.text(alphabet=st.characters(codec="latin-1"), max_size=60))
def test_whatever_a_stranger_says_it_comes_from_where_it_came_from(said: str) -> None:
    environ = {"REMOTE_ADDR": "203.0.113.9", "HTTP_X_FORWARDED_FOR": said}
    assert address_of(environ, PROXIES) == "203.0.113.9"
    assert address_of(environ | {"REMOTE_ADDR": "10.0.0.1"}, PROXIES)


def test_all_addresses_of_one_holder_of_ipv6_are_one() -> None:
    assert holder_of("2001:db8:1:2:3:4:5:6") == holder_of("2001:db8:1:2::9") == "2001:db8:1:2::"
    assert holder_of("2001:db8:1:3::9") != holder_of("2001:db8:1:2::9")
    assert holder_of("198.51.100.1") == "198.51.100.1"


def test_the_limits_are_read_with_their_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings.read().limits.of_caller == 1200
    monkeypatch.setenv("HANDOFF_REQUESTS_A_MINUTE", "0")
    monkeypatch.setenv("HANDOFF_STRANGERS_A_MINUTE", "7")
    monkeypatch.setenv("HANDOFF_TRUSTED_PROXIES", "10.0.0.0/8, fd00::/8")
    limits = settings.read().limits
    assert (limits.of_caller, limits.of_address, tuple(limits.proxies)) == (0, 7, PROXIES)
