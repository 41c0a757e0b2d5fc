"""The Merkle tree hash of RFC 9162, section 2.1.1, taken leaf by leaf in little memory."""

import hashlib
from typing import Final

_LEAF: Final = b"\0"
_NODE: Final = b"\1"


class MerkleTree:
    """One hash over any number of leaves, in their order; it keeps one node for each level."""

    def __init__(self) -> None:
        self._peaks: list[tuple[int, bytes]] = []
        self.leaves = 0

    def add(self, leaf: bytes) -> None:
        """Put a leaf behind the others."""
        level, node = 0, hashlib.sha256(_LEAF + leaf).digest()
        while self._peaks and self._peaks[-1][0] == level:
            level, node = level + 1, _join(self._peaks.pop()[1], node)
        self._peaks.append((level, node))
        self.leaves += 1

    def root(self) -> str:
        """The hash over all leaves so far, in hexadecimal."""
        if not self._peaks:
            return hashlib.sha256().hexdigest()
        *left, (_, node) = self._peaks
        for _, peak in reversed(left):
            node = _join(peak, node)
        return node.hex()


def _join(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(_NODE + left + right).digest()
