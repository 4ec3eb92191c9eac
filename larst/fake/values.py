"""Values by the names of fields and by formats. Every choice comes from one seed.

Dates end at a fixed day, so that a seed gives the same data today and next year.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING, TypeAlias
from uuid import UUID

from larst.domain import Json
from larst.errors import ExtraMissingError
from larst.fake.words import GOODS, MATERIALS, QUALITIES, TEXT, WORDS_OF
from larst.planning.reading.nouns import folded

if TYPE_CHECKING:
    from faker import Faker

NOW = datetime(2026, 1, 1, tzinfo=UTC)
"""The latest date of the past, and the earliest of the future."""

_PROVIDERS = ("address", "color", "company", "job", "person")
_NOT_IN_ADDRESSES = re.compile(r"[^a-z0-9]+")


@dataclass(slots=True)
class Source:
    """Where values come from: Faker and a random generator, both with the seed of the request."""

    faker: Faker
    random: Random
    names: dict[str, int] = field(default_factory=dict)
    """How often each name of a mailbox was given out: addresses are unique."""


def open_source(seed: int) -> Source:
    """Return the source of values for a seed.

    Raises:
        ExtraMissingError: Faker is not installed.
    """
    try:
        from faker import Faker
    except ImportError as error:
        raise ExtraMissingError(
            "fake data needs the extra `fake`: run `pip install 'larst[fake]'` where the service"
            " runs, and restart it"
        ) from error
    providers = [f"faker.providers.{name}" for name in _PROVIDERS]
    faker = Faker("en_US", providers=providers, use_weighting=False)
    faker.seed_instance(seed)
    return Source(faker, Random(seed))  # noqa: S311 - test data, which a seed repeats


@dataclass(slots=True)
class Subject:
    """The record in the making: fields that belong together come from one person and one time."""

    source: Source
    name_field: str
    first_name: str = ""
    last_name: str = ""
    mailbox: str = ""
    created: datetime = NOW

    def __post_init__(self) -> None:
        faker, names = self.source.faker, self.source.names
        self.first_name, self.last_name = faker.first_name(), faker.last_name()
        name = ".".join(map(_plain, (self.first_name, self.last_name)))
        names[name] = count = names.get(name, 0) + 1
        self.mailbox = name if count == 1 else f"{name}{count}"
        self.created = NOW - timedelta(seconds=self.source.random.randrange(730 * 86_400))


Maker: TypeAlias = Callable[[Subject], Json]


def _plain(name: str) -> str:
    text = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return _NOT_IN_ADDRESSES.sub("", text.lower()) or "user"


def _faker(method: str, subject: Subject) -> str:
    return str(getattr(subject.source.faker, method)())


def _of(method: str) -> Maker:
    return partial(_faker, method)


def _choice(values: Sequence[Json], subject: Subject) -> Json:
    return subject.source.random.choice(values)


def _whole(low: int, high: int, subject: Subject) -> int:
    return subject.source.random.randint(low, high)


def _decimal(low: float, high: float, digits: int, subject: Subject) -> float:
    return round(subject.source.random.uniform(low, high), digits)


def _price(subject: Subject) -> float:
    return subject.source.random.randint(1, 200) - 0.01


def _flag(share: float, subject: Subject) -> bool:
    return subject.source.random.random() < share


def _instant(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _updated(subject: Subject) -> str:
    seconds = int((NOW - subject.created).total_seconds())
    return _instant(subject.created + timedelta(seconds=subject.source.random.randint(0, seconds)))


def _day(first: int, last: int, subject: Subject) -> str:
    day = NOW + timedelta(days=subject.source.random.randint(first, last))
    return day.strftime("%Y-%m-%d")


def _uuid(subject: Subject) -> str:
    return str(UUID(int=subject.source.random.getrandbits(128), version=4))


def _digits(form: str, subject: Subject) -> str:
    random = subject.source.random
    letters = "ABCDEFGHJKLMNPRSTUVWXYZ"
    pick = {"#": lambda: str(random.randrange(10)), "@": lambda: random.choice(letters)}
    return "".join(pick[sign]() if sign in pick else sign for sign in form)


def word(subject: Subject) -> str:
    """Return a word."""
    return subject.source.random.choice(TEXT)


def _title(subject: Subject) -> str:
    count = subject.source.random.randint(3, 6)
    return " ".join(subject.source.random.choices(TEXT, k=count)).capitalize()


def sentence(subject: Subject) -> str:
    """Return a sentence."""
    return f"{_title(subject)}."


def _paragraph(subject: Subject) -> str:
    return " ".join(sentence(subject) for _ in range(subject.source.random.randint(2, 4)))


def _goods(subject: Subject) -> str:
    return " ".join(str(_choice(words, subject)) for words in (QUALITIES, MATERIALS, GOODS))


def _name(subject: Subject) -> Json:
    return (
        _goods(subject) if subject.name_field == "goods" else BY_NAME[subject.name_field](subject)
    )


def _page(path: str, subject: Subject) -> str:
    return f"https://example.com/{path}/{_digits('########', subject)}"


def _host(subject: Subject) -> str:
    return f"{_plain(subject.last_name)}.example.com"


_PAST = partial(_day, -1000, -1)
_FUTURE = partial(_day, 1, 365)

BY_NAME: Mapping[str, Maker] = {
    **dict.fromkeys(("firstname", "givenname", "forename"), lambda subject: subject.first_name),
    **dict.fromkeys(("lastname", "familyname", "surname"), lambda subject: subject.last_name),
    "name": _name,
    **dict.fromkeys(
        ("fullname", "displayname", "author", "owner", "director", "contactname"),
        lambda subject: f"{subject.first_name} {subject.last_name}",
    ),
    **dict.fromkeys(("username", "login", "nickname"), lambda subject: subject.mailbox),
    "email": lambda subject: f"{subject.mailbox}@example.com",
    **dict.fromkeys(("phone", "phonenumber", "mobile", "tel"), partial(_digits, "+1-555-###-####")),
    **dict.fromkeys(("street", "streetaddress", "address"), _of("street_address")),
    **dict.fromkeys(("city", "town", "location", "origin", "destination"), _of("city")),
    **dict.fromkeys(("state", "province", "region"), _of("state")),
    **dict.fromkeys(("zip", "zipcode", "postcode", "postalcode"), _of("postcode")),
    "country": _of("country"),
    **dict.fromkeys(("lat", "latitude"), partial(_decimal, -85, 85, 5)),
    **dict.fromkeys(("lng", "lon", "longitude"), partial(_decimal, -180, 180, 5)),
    **dict.fromkeys(("company", "companyname", "organization", "employer"), _of("company")),
    **dict.fromkeys(("jobtitle", "job", "profession", "occupation"), _of("job")),
    **dict.fromkeys(("title", "subject", "headline"), _title),
    **dict.fromkeys(("body", "content", "text", "bio", "about"), _paragraph),
    **dict.fromkeys(("description", "summary", "excerpt", "comment", "message"), sentence),
    **dict.fromkeys(("price", "amount", "total", "cost", "subtotal"), _price),
    **dict.fromkeys(("stock", "quantity", "qty", "inventory"), partial(_whole, 0, 100)),
    "rating": partial(_whole, 1, 5),
    "score": partial(_whole, 0, 100),
    "age": partial(_whole, 18, 90),
    "year": partial(_whole, 1980, 2025),
    "salary": partial(_whole, 30_000, 150_000),
    "population": partial(_whole, 1_000, 5_000_000),
    "pages": partial(_whole, 40, 900),
    "duration": partial(_whole, 60, 600),
    **dict.fromkeys(("views", "likes", "count"), partial(_whole, 0, 5_000)),
    "sku": partial(_digits, "@@-#####"),
    "isbn": partial(_digits, "978-0-##-######-#"),
    "flightnumber": partial(_digits, "@@###"),
    "code": partial(_digits, "@@##"),
    **dict.fromkeys(("color", "colour"), _of("color_name")),
    **dict.fromkeys(("website", "url", "link", "homepage"), partial(_page, "pages")),
    **dict.fromkeys(("avatar", "image", "photo", "picture"), partial(_page, "images")),
    **dict.fromkeys(("slug", "tag"), word),
    **dict.fromkeys(("uuid", "guid"), _uuid),
    **dict.fromkeys(("created", "timestamp", "date"), lambda subject: _instant(subject.created)),
    "updated": _updated,
    **dict.fromkeys(("birthday", "birthdate", "dateofbirth"), partial(_day, -25_000, -7_000)),
    **dict.fromkeys(("completed", "done", "published", "active", "enabled"), partial(_flag, 0.5)),
    **dict.fromkeys(("deleted", "archived", "blocked"), partial(_flag, 0.1)),
    **{name: partial(_choice, words) for name, words in WORDS_OF.items()},
}
"""The maker of a field by its folded name."""

_BY_ENDING: Sequence[tuple[str, Maker]] = (
    ("email", BY_NAME["email"]),
    ("updatedat", _updated),
    ("modifiedat", _updated),
    ("duedate", _FUTURE),
    ("enddate", _FUTURE),
    ("departuredate", _FUTURE),
    ("date", _PAST),
    ("at", lambda subject: _instant(subject.created)),
    ("url", partial(_page, "images")),
    ("phone", BY_NAME["phone"]),
    ("price", _price),
    ("amount", _price),
    ("count", BY_NAME["count"]),
    ("city", BY_NAME["city"]),
    ("country", BY_NAME["country"]),
    ("title", _title),
    ("status", BY_NAME["status"]),
    ("color", BY_NAME["color"]),
    ("uuid", _uuid),
)
_AT_END = re.compile(r"(_at|[a-z0-9]At)$")
_AT_BEGIN = re.compile(r"(is|has|can)(_|(?=[A-Z]))")

BY_FORMAT: Mapping[str, Maker] = {
    "date": _PAST,
    "date-time": lambda subject: _instant(subject.created),
    "time": lambda subject: subject.created.strftime("%H:%M:%SZ"),
    "uuid": _uuid,
    "email": BY_NAME["email"],
    "uri": partial(_page, "pages"),
    "url": partial(_page, "pages"),
    "hostname": _host,
    "ipv4": lambda subject: f"192.0.2.{subject.source.random.randint(1, 254)}",
    "ipv6": lambda subject: f"2001:db8::{subject.source.random.randint(1, 65_535):x}",
}
"""The maker of a text of a format."""


def maker_of(name: str) -> Maker | None:
    """Return the maker of a field by its name; None if the name says nothing."""
    if (maker := BY_NAME.get(folded(name))) is not None:
        return maker
    if _AT_BEGIN.match(name):
        return partial(_flag, 0.5)
    low = folded(name)
    for ending, maker in _BY_ENDING:
        if low.endswith(ending) and (ending != "at" or _AT_END.search(name)):
            return maker
    return None
