"""`handoff policy activate|in-force`: a running suite is told which policy to go by."""

from pathlib import Path

from tests.integration.cli.conftest import Town, line_of

WINTER = 'version = "winter-1"\nforesight = 0.9\n\n[worth]\nroutine_days = 10\n'


def test_a_policy_is_put_in_force_and_the_suite_says_which_and_on_what(
    town: Town, tmp_path: Path
) -> None:
    before = town.handoff.calling("policy", "in-force")
    assert before.exit_code == 0, before.stderr
    assert "the stated order, as the policy has it" in before.stdout
    written = tmp_path / "winter.toml"
    written.write_text(WINTER)
    done = town.handoff.calling("policy", "activate", written, "--because", "winter comes")
    assert done.exit_code == 0, done.stderr
    assert done.stdout == "in force: winter-1, activation 1\n"
    town.settle()
    after = town.handoff.calling("policy", "in-force").stdout
    for words in ("winter-1", "by admin", "winter comes", "for want of history", "number 1"):
        assert words in after
    back = town.handoff.calling("policy", "activate", "daily", "--because", "spring")
    assert back.stdout == "in force: daily, activation 2\n"


def test_another_content_under_a_name_that_was_in_force_is_one_line(
    town: Town, tmp_path: Path
) -> None:
    for number, text in enumerate((WINTER, WINTER.replace("0.9", "0.8"))):
        written = tmp_path / "changed.toml"
        written.write_text(text.replace("winter-1", "changed-1"))
        done = town.handoff.calling("policy", "activate", written, "--because", "to try it")
        assert done.exit_code == number
    assert "name it anew" in line_of(done)


def test_a_policy_that_is_no_file_is_one_line(town: Town) -> None:
    done = town.handoff.calling("policy", "activate", "winter", "--because", "winter")
    assert "is none of daily, ahead" in line_of(done)
