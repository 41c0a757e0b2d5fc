"""The bodies of match previews: what an officer knows of a need, and who could help now."""

from typing import Final

from marshmallow import Schema, fields, validate

from contracts import questions
from contracts import vocabulary as words
from contracts.bodies import facts
from contracts.bodies.shared import Place, count, distinct, flag, moment, word

MOST_SHOWN: Final = 50
SHOWN: Final = 10
_AT: Final = {"description": "at which time, from now to two weeks ahead; left out = now"}


class AskWhoCanHelp(Schema):
    """A need, and what is known of the person who has it; none of it is kept, or logged.

    Of a protected need all but the need itself is left aside, as when a program is decided on.
    """

    need = word(words.Need, required=True)
    place = fields.Nested(Place, allow_none=True)
    at = moment(allow_none=True, metadata=_AT)
    age = count(0, facts.OLDEST, allow_none=True, metadata={"description": "years"})
    language = facts.language_code(allow_none=True)
    also_speaks = fields.List(
        facts.language_code(),
        validate=[validate.Length(max=facts.MOST_LANGUAGES), distinct],
    )
    household_size = count(1, facts.LARGEST_HOUSEHOLD, allow_none=True)
    accommodations = fields.List(word(words.Accommodation), validate=distinct)
    gender = word(questions.Gender, allow_none=True)
    documents = word(questions.Documents, allow_none=True)
    income = word(questions.Income, allow_none=True)
    sobriety = word(questions.Sobriety, allow_none=True)
    training = flag(load_default=False)
    most = count(1, MOST_SHOWN, load_default=SHOWN)


class ProgramAtHand(facts.WithQuestions):
    """A program that would take the person.

    ``free`` is how many places it has by its agency's statement, which is dated; null = nobody
    says, or said it too long ago. ``unclear``: one has to call before going there. ``questions``
    are those that this program asks. Where people hide from violence neither address nor distance
    is told: call.
    """

    program_id = fields.String(required=True)
    name = fields.String(required=True)
    agency_id = fields.String(required=True)
    agency_name = fields.String(required=True)
    phone = fields.String(required=True, allow_none=True)
    address = fields.String(required=True, allow_none=True)
    latitude = fields.Float(required=True, allow_none=True)
    longitude = fields.Float(required=True, allow_none=True)
    distance_km = fields.Float(required=True, allow_none=True)
    languages = fields.List(fields.String(), required=True)
    interpretation = fields.String(required=True, allow_none=True)
    open_until = fields.AwareDateTime(required=True, allow_none=True)
    time_zone = fields.String(required=True)
    free = fields.Integer(required=True, allow_none=True)
    stated_at = fields.AwareDateTime(required=True, allow_none=True)
    unclear = fields.List(
        fields.String(validate=validate.OneOf(["hours", "places", "service_area", "other_rule"])),
        required=True,
    )


class OpensFirst(ProgramAtHand):
    """The program that is the first to open, and when."""

    opens_at = fields.AwareDateTime(required=True)


class WhoCanHelp(facts.WithQuestions):
    """Who could help at ``at``, the best first: ``open`` with a place, ``ask`` by telephone first.

    ``full`` counts programs that are open and have no place left. Where none is open,
    ``opens_first`` says which one opens next. ``questions`` are those whose answers would tell
    more; the crisis line answers day and night.
    """

    at = fields.AwareDateTime(required=True)
    open = fields.List(fields.Nested(ProgramAtHand), required=True)
    ask = fields.List(fields.Nested(ProgramAtHand), required=True)
    full = fields.Integer(required=True)
    opens_first = fields.Nested(OpensFirst, required=True, allow_none=True)
    crisis_line = fields.String(required=True)
