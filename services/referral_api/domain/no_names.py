"""Words that stand in a name field where nobody told a name: by none of them is a person known.

Officers write them of whoever has not said who they are. Taken for names they would make one person
of all these people, and put each of them before a coordinator with all the others.
"""

from collections.abc import Sequence
from typing import Final

# Why each of them is no name; a real Mary Doe is still known again by a telephone or a mailbox.
_NOT_KNOWN: Final = ("unknown", "unk", "unidentified", "unnamed", "nameless", "noname")
_NOT_SAID: Final = ("refused", "refuses", "declined", "withheld", "undisclosed")
_NOT_TO_BE_SAID: Final = ("anonymous", "anon", "confidential", "redacted")
_INSTEAD_OF_ONE: Final = ("doe", "male", "female", "adult", "juvenile", "subject")
_BEFORE_ONE: Final = ("mr", "mrs", "ms", "miss")
_TRIED_OUT: Final = ("test", "tester", "testing")
WORDS: Final = frozenset(
    (*_NOT_KNOWN, *_NOT_SAID, *_NOT_TO_BE_SAID, *_INSTEAD_OF_ONE, *_BEFORE_ONE, *_TRIED_OUT)
)
# What is left of a name that says no more than that; its parts alone may be somebody's.
PHRASES: Final = (
    frozenset({"john", "doe"}),
    frozenset({"jane", "doe"}),
    frozenset({"baby", "doe"}),
    frozenset({"name"}),
    frozenset({"no", "name"}),
    frozenset({"no", "name", "given"}),
    frozenset({"not", "given"}),
    frozenset({"not", "known"}),
    frozenset({"not", "stated"}),
)


def without(parts: Sequence[str]) -> tuple[str, ...]:
    """The parts of a name that are one; a number tells the nameless of one day apart."""
    kept = [part for part in parts if not part.isdecimal()]
    said = frozenset(kept) - (WORDS - {"doe"})
    if said in PHRASES:
        return ()
    return tuple(part for part in kept if part not in WORDS)
