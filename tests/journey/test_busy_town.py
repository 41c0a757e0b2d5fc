"""Many at work at once: what was acknowledged is kept, in one state, and everybody told once."""

from typing import Final

from tests.journey.conftest import OpenTown
from tests.journey.load import Load, open_mailboxes, programs

ENOUGH: Final = 15


def test_nothing_is_lost_while_officers_and_agencies_work_at_once(town: OpenTown) -> None:
    here = town(*programs())
    open_mailboxes(here)
    with Load(here, patience_s=0) as load:
        load.await_submissions(ENOUGH)
        load.await_acceptances(ENOUGH)
    here.settle()
    assert load.failures == []
    assert load.losses() == []


def test_what_is_lost_or_never_acknowledged_is_found_out(town: OpenTown) -> None:
    here = town(*programs())
    with Load(here, patience_s=0) as load:
        load.await_acceptances(1)
    here.settle()
    first = load.pairs[0]
    key, kept = first.acknowledged.popitem()
    first.acknowledged[key] = "gone"
    first.accepted.add("undone")
    assert load.losses() == [
        "gone: acknowledged, and lost",
        f"{kept}: kept, and never acknowledged",
        "undone: accepted, and forgotten",
    ]
