"""The example of the page runs, prints what the page says, and stays short."""

import re
from contextlib import redirect_stdout
from io import StringIO

from tests.architecture.source_tree import ROOT

PAGE = ROOT / "docs" / "howto" / "try-a-policy.md"


def test_the_example_of_the_page_prints_what_the_page_says() -> None:
    page = PAGE.read_text(encoding="utf-8")
    found = re.search(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert found is not None
    code = found[1]
    assert sum(bool(line.strip()) for line in code.splitlines()) <= 20
    out = StringIO()
    with redirect_stdout(out):
        exec(compile(code, str(PAGE), "exec"), {})  # noqa: S102 - our own page
    printed = out.getvalue().splitlines()
    assert printed == ["[('routine', 'bed')]", "[]", "[('crisis', 'bed')]"]
    assert all(f"`{line}`" in page for line in printed)
