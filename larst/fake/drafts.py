"""The fields of resources that have neither records nor a schema, by their names. Data.

A link, such as `userId`, is drafted only if its resource exists or is made in the same request.
"""

from __future__ import annotations

from collections.abc import Container

from larst.planning.reading.nouns import folded, singulars

NAMED = frozenset("city country category role department genre color species".split())
"""Resources whose records are named by such a word."""

PEOPLE = ("users", "members", "customers", "people", "accounts", "authors")
"""Resources of people, the likeliest first: whom `authorId` and the like mean."""

_PERSON = "firstName lastName email phone createdAt"

_DRAFTS = {
    "user member person people contact author player driver": _PERSON,
    "customer client guest patient": f"{_PERSON} city country",
    "employee": f"{_PERSON} jobTitle department salary",
    "student teacher": f"{_PERSON} birthDate",
    "account": "username email isActive createdAt",
    "company organization organisation supplier vendor publisher brand": "name email phone website"
    " city country",
    "team group department": "name description",
    "address": "userId street city state zipCode country",
    "post article story": "userId title body published createdAt",
    "news page": "title body createdAt",
    "comment reply": "postId userId name email body createdAt",
    "message": "userId subject body isRead createdAt",
    "notification": "userId title body isRead createdAt",
    "album playlist": "userId title",
    "photo image picture": "albumId title url thumbnailUrl",
    "todo": "userId title completed",
    "task ticket issue": "projectId userId title description status priority dueDate",
    "project": "name description status startDate endDate",
    "event meeting": "title description location startDate endDate",
    "product item": "categoryId name description price stock sku rating",
    "category": "name description",
    "tag label": "name color",
    "order": "userId customerId status total currency createdAt",
    "invoice payment": "orderId customerId amount currency status dueDate",
    "cart": "userId total createdAt",
    "review rating": "userId productId bookId rating title body createdAt",
    "book": "authorId title isbn genre price pages publishedDate",
    "movie film": "title director year genre rating",
    "song track": "albumId title duration genre",
    "recipe": "title description servings minutes",
    "booking reservation": "userId customerId roomId startDate endDate status guests",
    "room": "name capacity price",
    "hotel restaurant shop store": "name address city country phone rating",
    "car vehicle": "make model year color price",
    "flight": "flightNumber origin destination departureDate price",
    "course lesson": "title description hours price",
    "job": "title company location salary description createdAt",
    "note": "title body createdAt",
    "role": "name description",
    "country": "name code",
    "city": "name country population",
    "pet animal": "name species age",
}
_BY_NOUN = {noun: fields.split() for nouns, fields in _DRAFTS.items() for noun in nouns.split()}


def draft_fields(resource: str) -> list[str] | None:
    """Return the usual fields of a resource, in camel case; None if its name says nothing.

    >>> draft_fields("todos")
    ['userId', 'title', 'completed']
    """
    for noun in singulars(resource):
        if (fields := _BY_NOUN.get(folded(noun))) is not None:
            return list(fields)
    return None


_FIRMS = frozenset("company organization organisation supplier vendor publisher brand".split())
_SHOPS = frozenset("hotel restaurant shop store".split())


def name_field(resource: str, fields: Container[str]) -> str:
    """Return the field that says what the `name` of a record is: such as a person's.

    >>> name_field("customers", ()), name_field("hotels", ()), name_field("cities", ())
    ('fullname', 'company', 'city')
    """
    nouns = {folded(noun) for noun in singulars(resource)}
    if nouns & (_FIRMS | _SHOPS):
        return "company"
    if "firstName" in (draft_fields(resource) or ()) or "email" in fields:
        return "fullname"
    return next((noun for noun in sorted(nouns) if noun in NAMED), "goods")
