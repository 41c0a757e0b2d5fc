"""The spreadsheet import proven on 1,000 real police contacts, in the bundled city's training unit.

The data is published by the City of Seattle and is not part of this project, so these tests carry
the marker ``shared_data``, which the default run deselects. SEATTLE_CONTACTS names the file.
"""

import os
import re
from collections import Counter
from pathlib import Path

import pytest

from services.cli import people
from tests.integration.cli.conftest import Town

MAP = Path(__file__).parents[3] / "docs" / "howto" / "seattle.map.toml"
ROWS = 1000

pytestmark = pytest.mark.shared_data


def test_a_thousand_rows_add_up_and_are_sent_once(town: Town) -> None:
    sheet = Path(os.environ["SEATTLE_CONTACTS"])
    args = ("referrals", "import", sheet, "--map", MAP, "--unit", "academy", "--follow")
    first = town.handoff.calling(*args)
    assert first.exit_code == 0, first.stderr
    found = {
        name: int(count) for name, count in re.findall(r"│ ([^│]+?) +│ +(\d+) │\n", first.stdout)
    }
    parts = ("offered", "waitlisted", "unplaced", "tallies (offered, said no)", "refused rows")
    assert sum(found[part] for part in parts) == found["all rows"] == ROWS
    listed = list(town.acting(people.COORDINATOR).items("/v1/referrals", unit_id="academy"))
    states = Counter(referral["state"] for referral in listed)
    assert {name: found[name] for name in parts[:3]} == {name: states[name] for name in parts[:3]}
    again = town.handoff.calling(*args)
    assert again.exit_code == 0, again.stderr
    assert len(list(town.acting(people.COORDINATOR).items("/v1/referrals", unit_id="academy"))) == (
        len(listed)
    )
