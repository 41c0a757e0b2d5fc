"""The Merkle tree hash: the published vectors, and the definition taken literally."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.merkle import MerkleTree

# The leaves and roots that Certificate Transparency implementations of RFC 6962 share.
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


def root(leaves: list[bytes]) -> str:
    tree = MerkleTree()
    for leaf in leaves:
        tree.add(leaf)
    assert tree.leaves == len(leaves)
    return tree.root()


def by_definition(leaves: list[bytes]) -> bytes:
    """MTH of RFC 9162, section 2.1.1, word for word."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    left, right = by_definition(leaves[:split]), by_definition(leaves[split:])
    return hashlib.sha256(b"\1" + left + right).digest()


@pytest.mark.parametrize("count", ROOTS)
def test_the_roots_are_the_published_ones(count: int) -> None:
    assert root(LEAVES[:count]) == ROOTS[count]


@given(st.lists(st.binary(max_size=8), max_size=70))
def test_the_root_is_that_of_the_definition(leaves: list[bytes]) -> None:
    assert root(leaves) == by_definition(leaves).hex()


@given(st.lists(st.binary(max_size=4), min_size=1, max_size=40), st.data())
def test_any_other_leaf_or_order_or_number_makes_another_root(
    leaves: list[bytes], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(leaves) - 1))
    assert root([*leaves[:at], leaves[at] + b"x", *leaves[at + 1 :]]) != root(leaves)
    assert root([*leaves[:at], *leaves[at + 1 :]]) != root(leaves)
    turned = [*leaves[at:], *leaves[:at]]
    assert (root(turned) == root(leaves)) is (turned == leaves)
