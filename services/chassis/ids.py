"""Identifiers: time-ordered UUIDs and short references that people can read out."""

import secrets
from datetime import datetime
from typing import Final
from uuid import UUID

# Crockford's base 32: no I, L, O, U, so a reference survives a phone call.
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def uuid7(now: datetime) -> UUID:
    """A version 7 UUID of the given time (RFC 9562, section 5.7)."""
    milliseconds = int(now.timestamp() * 1000) & (2**48 - 1)
    bits = milliseconds << 80 | 0x7 << 76 | secrets.randbits(12) << 64
    return UUID(int=bits | 0b10 << 62 | secrets.randbits(62))


def reference() -> str:
    """A short reference such as ``7QK4-M2XD``: 40 random bits, not an incident number."""
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"
