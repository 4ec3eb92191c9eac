"""Write docs/dialects.md from the table of dialects: python tools/dialects_page.py.

Starts a service, runs every command of the page, and writes the reply below it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from larst.dialects import DIALECTS, Dialect

_ROOT = Path(__file__).parents[1]
_PAGE = _ROOT / "docs" / "dialects.md"
_PACKAGE = _ROOT / "tests" / "clients" / "package.json"
_TOOLS = ("ra-core",)
_PORT = 8000

_SEED = '[{"title":"Ant","views":10},{"title":"Bee","views":20},{"title":"Cat","views":30}]'

EXAMPLES: Mapping[str, Sequence[str]] = {
    "larst": (
        "'localhost:8000/posts?sort=-views&limit=2'",
        "'localhost:8000/posts/search?title=B*'",
    ),
    "json-server": (
        "'localhost:8000/posts?_page=2&_limit=2'",
        "'localhost:8000/posts?_sort=views&_order=desc&views_gte=20'",
    ),
    "json-server-1": (
        "'localhost:8000/posts?_page=1&_per_page=2&_sort=-views'",
        "'localhost:8000/posts?views:gt=10'",
    ),
    "simple-rest": (
        """-g 'localhost:8000/posts?filter={"title":"Bee"}&range=[0,9]&sort=["views","DESC"]'""",
        "-X DELETE localhost:8000/posts/1",
    ),
    "postgrest": (
        "'localhost:8000/posts?select=id,title&views=gt.15&order=views.desc'",
        """-X PATCH 'localhost:8000/posts?id=eq.2' -H 'Prefer: return=representation' \\
    -d '{"views":25}'""",
    ),
    "odata": (
        "'localhost:8000/posts?$filter=views%20gt%2015&$orderby=views%20desc&$count=true'",
        "'localhost:8000/posts(2)'",
    ),
    "jsonapi": (
        """-g 'localhost:8000/posts?page[size]=1&filter[title]=Bee' \\
    -H 'Accept: application/vnd.api+json'""",
        """localhost:8000/posts -H 'Content-Type: application/vnd.api+json' \\
    -d '{"data":{"type":"posts","attributes":{"title":"Dog"}}}'""",
    ),
    "drf": (
        "'localhost:8000/posts/?page=1&page_size=2&ordering=-views'",
        "'localhost:8000/posts/?views__gte=20&format=json'",
    ),
    "spring": (
        "'localhost:8000/posts?page=0&size=2&sort=views,desc'",
        "'localhost:8000/posts/search/findByTitle?title=Bee'",
    ),
    "strapi": (
        "-g 'localhost:8000/api/posts?filters[views][$gt]=15&pagination[pageSize]=1'",
        """-X PUT localhost:8000/api/posts/2 -d '{"data":{"title":"Bee","views":21}}'""",
    ),
    "loopback": (
        """-g 'localhost:8000/posts?filter={"where":{"views":{"gt":15}},"limit":1}'""",
        "-g 'localhost:8000/posts/count?where[views][gt]=15'",
    ),
    "feathers": (
        "-g 'localhost:8000/posts?$limit=1&$sort[views]=-1'",
        "-g 'localhost:8000/posts?views[$gte]=20&$select[]=title'",
    ),
    "restheart": (
        """-g 'localhost:8000/posts?filter={"views":{"$gt":15}}&pagesize=1' \\
    -H 'X-LARST-Dialect: restheart'""",
        """-g 'localhost:8000/posts?keys={"title":1}' -H 'X-LARST-Dialect: restheart'""",
    ),
    "eve": (
        """-g 'localhost:8000/posts?where={"views":{"$gt":15}}&max_results=1'""",
        "'localhost:8000/posts?max_results=1&page=2'",
    ),
    "parse": (
        """-g 'localhost:8000/classes/posts?where={"views":{"$gt":15}}&order=-views&limit=1'""",
        "-X DELETE localhost:8000/classes/posts/1",
    ),
    "nestjsx": (
        "'localhost:8000/posts?filter=views||$gt||15&limit=1'",
        "'localhost:8000/posts?filter=title||$eq||Bee&sort=views,DESC'",
    ),
    "laravel": (
        "'localhost:8000/posts?page=1&per_page=2'",
        "-g 'localhost:8000/posts?filter[title]=Bee&sort=-views'",
    ),
    "rails": (
        "-g 'localhost:8000/posts.json?q[title_cont]=ee&q[s]=views+desc'",
        """localhost:8000/posts.json -d '{"post":{"title":"Dog"}}'""",
    ),
    "pocketbase": (
        "-g 'localhost:8000/api/collections/posts/records?filter=(views>15)&perPage=1'",
        "localhost:8000/api/collections/posts/records/2",
    ),
    "directus": (
        "-g 'localhost:8000/items/posts?filter[views][_gt]=15&limit=1'",
        "localhost:8000/items/posts/2",
    ),
    "firebase": (
        """-g 'localhost:8000/posts.json?orderBy="views"&startAt=15&limitToFirst=1'""",
        '-X PUT localhost:8000/posts/4.json -d \'{"title":"Dog"}\'',
    ),
    "github": (
        "'localhost:8000/posts?per_page=2&page=1'",
        "'localhost:8000/posts?sort=views&direction=desc&per_page=1'",
    ),
    "stripe": (
        "'localhost:8000/v1/posts?limit=1&starting_after=1'",
        "-g 'localhost:8000/v1/posts?limit=1&ending_before=3'",
    ),
    "google": (
        "'localhost:8000/v1/posts?pageSize=2'",
        "'localhost:8000/v1/posts?pageSize=2&pageToken=2'",
    ),
    "cursor": (
        "'localhost:8000/posts?cursor=1&limit=1'",
        "'localhost:8000/posts?limit=2&after=1'",
    ),
    "datatables": (
        "-g 'localhost:8000/posts?draw=1&start=0&length=1&columns[0][data]=views"
        "&order[0][column]=0&order[0][dir]=desc'",
        "-g 'localhost:8000/posts?draw=2&columns[0][data]=title&search[value]=ee'",
    ),
}
"""Two commands for each dialect, as its clients send them; the page begins each with a third."""

_HEAD = """# Dialects

LARST understands requests as the clients of other servers write them. All dialects ask alike; a
dialect decides the form of the reply and a few habits of its server. So an existing front end,
client library or test suite works without a change.

The first of these that applies decides the dialect:

1. the header `X-LARST-Dialect: NAME`
2. the session's setting: `PUT /_larst/sessions/NAME/settings` with `{"dialect": "json-server"}`
3. `LARS_DIALECT`, or `larst serve --dialect NAME`
4. a strong mark in the request, such as `_page=2`, `$top=5`, `application/vnd.api+json` or
   `/api/collections/posts/records`; the session learns it for requests without a mark
5. the dialect that the session learned
6. a weak mark, such as `?page=0&size=10`, for this reply only
7. LARST's own: `{"items": [...], "page": {...}}`

In the reply, `X-LARST-Dialect` names the dialect, and `X-LARST-Reading` says how the request was
understood: `page 2 of 10, sort -views`. A request that is not understood gets 400 with the nearest
word, and changes nothing. Lists carry `X-Total-Count`, `Content-Range` and, if they are paged,
`Link` in every dialect.

The tests send these requests to a running service, each with the records or the effect that it
must have:

{table}

These client libraries work unchanged; `pytest -m clients` lists, pages, sorts, filters, creates,
changes and deletes records with each of them:

{clients}
"""

_SECTION = """
## {title}

`{name}`: {habits}.

{commands}
"""


@contextmanager
def _service() -> Iterator[None]:
    with tempfile.TemporaryDirectory(prefix="larst-dialects-") as directory:
        command = [sys.executable, "-m", "larst", "serve", "--port", str(_PORT)]
        command += ["--data-root", directory, "--log-level", "error"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)  # noqa: S603 - our own command
        try:
            if process.stdout is None or b"ready" not in process.stdout.readline():
                raise SystemExit(f"the service does not start: is port {_PORT} in use?")
            yield
        finally:
            process.terminate()
            process.wait(30)


def _run(command: str) -> str:
    shell = ["bash", "-c", command.replace("curl ", "curl -sS ", 1)]
    reply = subprocess.run(shell, capture_output=True, check=True, text=True)  # noqa: S603 - ours
    return reply.stdout.rstrip()


def _commands(dialect: Dialect) -> str:
    session = f"-H 'X-Session-ID: {dialect.name}'"
    seed = f"curl -o /dev/null localhost:8000/posts {session} \\\n    -d '{_SEED}'"
    _run(seed)
    blocks = [f"$ {seed}"]
    for example in EXAMPLES[dialect.name]:
        command = f"curl {example} {session}"
        blocks.append(f"$ {command}\n{_run(command)}".rstrip())
    return "```console\n" + "\n\n".join(blocks) + "\n```"


def _habits(dialect: Dialect) -> str:
    habits = ["a list is an array" if dialect.list_form == "bare" else "a list is an object"]
    deletes = {"empty": "204", "object": "200 and `{}`", "record": "200 and the record"}
    habits.append(f"DELETE answers {deletes[dialect.delete_reply]}")
    if dialect.creates_on_put:
        habits.append("PUT creates a missing record")
    if dialect.ignores_unknown:
        habits.append("unknown query keys are ignored")
    if dialect.cascades:
        habits.append("DELETE also deletes the records that refer to the record")
    if dialect.page_base == 0:
        habits.append("the first page is 0")
    habits.append(f"a page has {dialect.page_size} records by default")
    if dialect.sorts_by_code_points:
        habits.append("texts sort upper case first")
    return "; ".join(habits)


def table() -> str:
    """Return the table of the requests that the tests send."""
    sys.path.insert(0, str(_ROOT))
    from tests.dialects.requests import counts

    rows = [f"| {name} | {count} |" for name, count in counts().items()]
    return "\n".join(["| requests of | number |", "|---|---|", *rows])


def clients() -> str:
    """Return the table of the client libraries that the tests use."""
    versions: dict[str, str] = json.loads(_PACKAGE.read_text())["dependencies"]
    rows = [f"| {name} | {version} |" for name, version in versions.items() if name not in _TOOLS]
    return "\n".join(["| client | version |", "|---|---|", *rows])


def page() -> str:
    """Return the page; starts a service on port 8000."""
    with _service():
        sections = [
            _SECTION.format(
                title=dialect.title,
                name=dialect.name,
                habits=_habits(dialect),
                commands=_commands(dialect),
            )
            for dialect in DIALECTS.values()
        ]
    head = _HEAD.replace("{table}", table()).replace("{clients}", clients())
    return head + "".join(sections)


if __name__ == "__main__":
    _PAGE.write_text(page())
