"""`handoff` with consumers that do not ask their inbox whether a message was handled before.

A test runs it as a worker, to see that the journeys would find out.
"""

from contracts.codec import Address
from services.chassis import inbox
from services.chassis.standing import Standing
from services.cli.main import main


def never(_standing: Standing, _place: Address) -> bool:
    """No message was handled before."""
    return False


if __name__ == "__main__":
    vars(inbox)["is_done"] = never
    main()
