"""The bodies of questions and facts: what is open, the answers to it, and who is shown them."""

from typing import Any, Final

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from contracts import questions
from contracts.bodies.shared import count, distinct, word

LANGUAGE: Final = r"^[a-z]{2,3}$(?!\n)"
OLDEST: Final = 120
LARGEST_HOUSEHOLD: Final = 20
MOST_LANGUAGES: Final = 10


def language_code(**options: Any) -> fields.String:
    """A language by its ISO 639 code."""
    right = validate.Regexp(LANGUAGE, error="An ISO 639 code, such as en or hmn.")
    return fields.String(validate=right, **options)


class AddFacts(Schema):
    """Answers by their question; null says that it was asked, and that nobody knows."""

    age = count(0, OLDEST, allow_none=True, metadata={"description": "years"})
    language = fields.List(
        language_code(),
        allow_none=True,
        validate=[validate.Length(min=1, max=MOST_LANGUAGES), distinct],
        metadata={"description": "other languages that the person speaks well enough"},
    )
    gender = word(questions.Gender, allow_none=True)
    household = count(
        1, LARGEST_HOUSEHOLD, allow_none=True, metadata={"description": "the person counted"}
    )
    documents = word(questions.Documents, allow_none=True)
    income = word(questions.Income, allow_none=True)
    sobriety = word(questions.Sobriety, allow_none=True)

    @validates_schema
    def _answers_something(self, data: dict[str, Any], **_: object) -> None:
        if not data:
            raise ValidationError(f"Answer at least one of: {', '.join(questions.Question)}.")


class OpenQuestion(Schema):
    """A question that nobody has answered, and how one would ask it."""

    question = word(questions.Question, required=True)
    ask = fields.String(required=True)


class WithQuestions(Schema):
    """What is still to be asked; it names no program, and says nothing of who asks."""

    questions = fields.List(fields.Nested(OpenQuestion))


class FactsOfOffer(WithQuestions):
    """The answers as the agency of an offer sees them: by code, those that its program asks."""

    also_speaks = fields.List(fields.String())
    eligibility = fields.List(word(questions.EligibilityCode))


class Facts(Schema):
    """The answers as the holder reads them; what nobody was asked is left out."""

    age = fields.Integer(allow_none=True)
    language = fields.List(fields.String(), allow_none=True)
    gender = fields.String(allow_none=True)
    household = fields.Integer(allow_none=True)
    documents = fields.String(allow_none=True)
    income = fields.String(allow_none=True)
    sobriety = fields.String(allow_none=True)


class FactsOfPerson(WithQuestions):
    """What the holder reads beside the person; ``facts`` is null where the consent hides them."""

    facts = fields.Nested(Facts, allow_none=True)
