"""`handoff who-can-help`: prints who takes a person now, whom to call first, or who opens next."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import click

from contracts import questions
from contracts.vocabulary import Accommodation, Need
from services.cli import people
from services.cli.client import Client, ClientError
from services.cli.options import calling_as, examples
from services.cli.screen import say, table
from services.matcher import settings

# Somebody stands there and waits: they are better told the crisis line than kept waiting.
PATIENCE_S: Final = 1.0
ANSWER_S: Final = 10.0
FAILED: Final = 500
COLUMNS: Final = ("program", "km", "places", "open until", "phone", "address", "to be asked")
WORDS: Final = {
    "gender": questions.Gender,
    "documents": questions.Documents,
    "income": questions.Income,
    "sobriety": questions.Sobriety,
}
Command = Any


class PlaceParam(click.ParamType[dict[str, float]]):
    """A point on the map, LATITUDE,LONGITUDE in degrees."""

    name = "latitude,longitude"

    def convert(self, value: str, param: Any, ctx: Any) -> dict[str, float]:
        """The place of the API; whether it is on the earth is the API's to say."""
        try:
            latitude, longitude = (float(part) for part in value.split(","))
        except ValueError:
            self.fail(f"{value} is not like 41.82,-90.18", param, ctx)
        return {"latitude": latitude, "longitude": longitude}


def answer_options(command: Command) -> Command:
    """An option for each question whose answer is a word."""
    for name, words in reversed(WORDS.items()):
        choice = click.Choice([word.value for word in words])
        command = click.option(f"--{name}", type=choice, help=f"Answers {name}.")(command)
    return command


@click.command(
    "who-can-help",
    epilog=examples(
        "handoff who-can-help emergency_shelter --place 41.82,-90.18 --age 34 --language es",
        "handoff who-can-help crisis_stabilisation --at 2027-03-01T22:00-06:00",
        "handoff who-can-help domestic_violence_shelter",
    ),
)
@click.argument("need", type=click.Choice([need.value for need in Need]))
@click.option("--place", type=PlaceParam(), help="Where the person is, such as 41.82,-90.18.")
@click.option("--at", help="At another time than now, such as 2027-03-01T22:00-06:00.")
@click.option("--age", type=int, help="Of the person, in years.")
@click.option("--language", help="ISO 639 code of the language that the person speaks best.")
@click.option("--also-speaks", multiple=True, help="Another one; give it for each.")
@click.option("--household-size", type=int, help="How many need the place, the person counted.")
@click.option(
    "--accommodations",
    multiple=True,
    type=click.Choice([each.value for each in Accommodation]),
    help="What a place must allow; give it for each.",
)
@answer_options
@click.option("--training", is_flag=True, help="An exercise: programs for training alone.")
@click.option("--most", type=int, help="How many programs to name at most (10).")
@click.option("--json", "as_json", is_flag=True, help="Print the answer of the API.")
@calling_as(people.COORDINATOR, PATIENCE_S)
def who_can_help(client: Client, *, as_json: bool, **said: Any) -> None:
    """Print who could help somebody with NEED now: nothing of it is kept or logged."""
    # 0 is an age, and equals False.
    body = {
        name: value
        for name, value in said.items()
        if value is not None and value is not False and value != ()
    }
    client.http.timeout = ANSWER_S
    try:
        found = client.post("/v1/match-previews", body)
    except ClientError as error:
        raise _with_crisis_line(error) from None
    if as_json:
        click.echo(json.dumps(found, indent=1))
    else:
        _show(found)


def _with_crisis_line(error: ClientError) -> ClientError:
    """Where nobody answers, or not well, the line of the suite, else the one of the settings."""
    if 0 < error.status < FAILED:
        return error
    line = error.problem.get("crisis_line") or settings.read().crisis_line
    return ClientError(f"crisis line: {line} ({error})", error.status, error.problem)


def _show(found: Mapping[str, Any]) -> None:
    _list("Open now, with a place", found["open"])
    _list("Call first", found["ask"])
    if not found["open"]:
        say("no program is known to be open with a place for this person")
    if found["full"]:
        say(f"open and full: {found['full']}")
    if found["opens_first"] is not None:
        say(_opens_first(found["opens_first"]))
    for question in found["questions"]:
        say(f"ask the person: {question['ask']}")
    say(f"crisis line: {found['crisis_line']}")


def _list(title: str, programs: Sequence[Mapping[str, Any]]) -> None:
    if programs:
        table(title, COLUMNS, [_row(program) for program in programs])


def _row(program: Mapping[str, Any]) -> list[object]:
    asked = [question["question"] for question in program["questions"]]
    until = program["open_until"]
    return [
        program["name"],
        program["distance_km"],
        "?" if program["free"] is None else program["free"],
        "?" if "hours" in program["unclear"] else _clock(until, program["time_zone"]),
        program["phone"],
        program["address"],
        ", ".join([*program["unclear"], *asked]),
    ]


def _opens_first(program: Mapping[str, Any]) -> str:
    opens_at = _clock(program["opens_at"], program["time_zone"])
    known = filter(None, (program["name"], opens_at, program["phone"], program["address"]))
    return f"opens first: {', '.join(known)}"


def _clock(moment: str | None, time_zone: str) -> str:
    """By the wall clock of the program; open without an end in sight is ``always``."""
    if moment is None:
        return "always"
    return f"{datetime.fromisoformat(moment).astimezone(ZoneInfo(time_zone)):%a %d %b %H:%M}"
