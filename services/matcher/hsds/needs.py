"""What services are for and what they ask: their attributes, in the words of this suite."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from contracts.vocabulary import PROTECTED_NEEDS, Accommodation, Need
from services.matcher.domain.directory import Rule
from services.matcher.hsds.book import Book
from services.matcher.hsds.rows import LONGEST_NAME, Row, RowError, build

TAXONOMIES: Final[dict[str, frozenset[str]]] = {
    "need": frozenset(Need),
    "accommodation": frozenset(Accommodation),
    "eligibility": frozenset(Rule),
    "mark": frozenset({"training"}),
}


@dataclass(frozen=True, slots=True)
class Term:
    """A term that a service has; ``value`` says which or how much."""

    taxonomy: str
    code: str
    value: str | None


def terms_of_services(book: Book) -> dict[str, list[Term] | None]:
    """The terms of each service; None where one could not be read.

    Without one of its terms a program would take people whom it does not take.
    """
    pairs = _pairs(book)
    understood = [row for row in book.rows["attributes"] if _is_understood(row, pairs, book)]
    services = book.ids("services")
    made = build(understood, lambda row: _term(row, pairs[row.id], services), book.report)
    terms: dict[str, list[Term] | None] = {}
    for row in understood:
        so_far = terms.setdefault(row.values.get("link_id", ""), [])
        if row.id not in made:
            terms[row.values.get("link_id", "")] = None
        elif so_far is not None:
            so_far.append(made[row.id])
    return terms | dict.fromkeys(_unread(book))


def protected_services(book: Book) -> set[str]:
    """The services that name a protected need, whether or not they can be taken.

    And those of which an attribute was rejected: nobody knows what it would have said. Call it
    once the terms of services were read.
    """
    pairs = _pairs(book)
    named = {
        row.values.get("link_id", "")
        for row in book.rows["attributes"]
        if pairs[row.id][0] == "need" and pairs[row.id][1] in PROTECTED_NEEDS
    }
    return named | _unread(book)


def _unread(book: Book) -> set[str]:
    """The services of which an attribute was rejected, in whatever letters it names them."""
    links = [
        row.values.get("link_id", "") for row in book.report.refused if row.table == "attributes"
    ]
    return {*links, *(link.lower() for link in links)} - {""}


def _pairs(book: Book) -> dict[str, tuple[str, str]]:
    """Taxonomy and code of each attribute's term."""
    named = {row.id: row for row in book.rows["taxonomy_terms"]}
    taxonomies = {row.id: row.values.get("name", "") for row in book.rows["taxonomies"]}
    return {row.id: _pair(row, named, taxonomies) for row in book.rows["attributes"]}


def _pair(row: Row, named: dict[str, Row], taxonomies: dict[str, str]) -> tuple[str, str]:
    """Taxonomy and code of a term: by its own row, else by an id such as ``need:counselling``."""
    term = row.values.get("taxonomy_term_id", "")
    prefix, _, code = term.partition(":")
    if prefix in TAXONOMIES or term not in named:
        return prefix, code
    own = named[term].values
    of = own.get("taxonomy") or own.get("taxonomy_id", "")
    return taxonomies.get(of, of).lower() if of not in TAXONOMIES else of, own.get("code", "")


def _is_understood(row: Row, pairs: dict[str, tuple[str, str]], book: Book) -> bool:
    """Terms of other things than services, and of other taxonomies, are somebody else's."""
    taxonomy, entity = pairs[row.id][0], row.values.get("link_entity") or "service"
    if entity != "service":
        book.report.warn(f"attributes with link_entity {entity} are not taken")
    elif taxonomy not in TAXONOMIES:
        book.report.warn(f"attributes: taxonomy {taxonomy or '(blank)'} is not known")
    return entity == "service" and taxonomy in TAXONOMIES


def _term(row: Row, pair: tuple[str, str], services: Collection[str]) -> Term:
    taxonomy, code = pair
    if row.required("link_id") not in services:
        raise RowError(f"link_id: {row.required('link_id')} is no service here")
    if code not in TAXONOMIES[taxonomy]:
        right = ", ".join(sorted(TAXONOMIES[taxonomy]))
        raise RowError(
            f"taxonomy_term_id: {taxonomy}:{code} is no term of {taxonomy}; known: {right}"
        )
    value = row.text("value", LONGEST_NAME)
    if code == Rule.OTHER and taxonomy == "eligibility" and value is None:
        raise RowError("value: must say in the agency's words what eligibility:other asks")
    return Term(taxonomy, code, value)
