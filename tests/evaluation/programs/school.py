"""Right programs for the cases of `custom/school.json`, and a wrong one for each case."""

from __future__ import annotations

from collections.abc import Mapping

PROGRAMS: Mapping[str, str] = {
    "POST /books/<int>/lend": """
body = plan["payload"] if isinstance(plan["payload"], dict) else {}
book = store.get(plan["identifier"])
if book is None:
    REPLY = make_response(404, {"error": "not found"})
elif book["copies"] < 1:
    REPLY = make_response(409, {"error": "no copy left"})
else:
    store.update(book["id"], {"copies": book["copies"] - 1})
    loan = {"book_id": book["id"], "reader": body.get("reader"), "returned": False}
    REPLY = make_response(201, session_store.resource("loans").insert(loan))
""",
    "POST /loans/<int>/renew": """
body = plan["payload"] if isinstance(plan["payload"], dict) else {}
loan = store.get(plan["identifier"])
if loan is None:
    REPLY = make_response(404, {"error": "not found"})
elif not isinstance(body.get("days"), int):
    REPLY = make_response(422, {"error": "bad days"})
else:
    due = datetime.date.fromisoformat(loan["due_on"]) + datetime.timedelta(days=body["days"])
    REPLY = make_response(200, store.update(loan["id"], {"due_on": due.isoformat()}))
""",
    "GET /loans/late": """
today = datetime.date.today().isoformat()
REPLY = make_response(200, store.search({"returned": False, "due_on__lt": today}))
""",
    "GET /books/oldest": """
rows = store.search({}, sort="year", limit=1)
REPLY = make_response(200, rows[0]) if rows else make_response(404, {"error": "not found"})
""",
    "GET /books/genres": """
REPLY = make_response(200, sorted({book["genre"] for book in store.search({})}))
""",
    "GET /books/per-genre": """
groups = {}
for book in store.search({}):
    groups.setdefault(book["genre"], []).append(book)
REPLY = make_response(200, groups)
""",
    "GET /books/decades": """
counts = {}
for book in store.search({}):
    decade = str(book["year"] // 10 * 10)
    counts[decade] = counts.get(decade, 0) + 1
REPLY = make_response(200, counts)
""",
    "GET /books/unavailable": """
rows = store.search({"copies__lt": 1})
REPLY = make_response(200, rows)
""",
    "GET /students/<int>/grade-average": """
student = store.get(plan["identifier"])
if student is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    grades = session_store.resource("grades")
    value = grades.aggregate("avg", "score", criteria={"student_id": student["id"]})
    REPLY = make_response(200, {"average": value})
""",
    "GET /grades/subject-averages": """
averages = store.aggregate("avg", "score", by="subject")
REPLY = make_response(200, averages)
""",
    "GET /grades/highest": """
rows = store.search({}, sort="-score", limit=1)
REPLY = make_response(200, rows[0]) if rows else make_response(404, {"error": "not found"})
""",
    "POST /students/<int>/change-room": """
body = plan["payload"] if isinstance(plan["payload"], dict) else {}
student = store.get(plan["identifier"])
if student is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    REPLY = make_response(200, store.update(student["id"], {"room": body.get("room")}))
""",
    "POST /grades/curve": """
body = plan["payload"] if isinstance(plan["payload"], dict) else {}
points = body.get("points")
if not isinstance(points, int):
    REPLY = make_response(422, {"error": "bad points"})
else:
    rows = store.search({})
    for row in rows:
        store.update(row["id"], {"score": row["score"] + points})
    REPLY = make_response(200, {"updated": len(rows)})
""",
}

WRONG: Mapping[str, tuple[str, str]] = {
    "lend a book": ('    store.update(book["id"], {"copies": book["copies"] - 1})\n', ""),
    "lend a book of which no copy is left": ('book["copies"] < 1', 'book["copies"] < 0'),
    "lend an unknown book": ("404", "200"),
    "renew a loan": ("due.isoformat()", 'loan["due_on"]'),
    "loans that are late": ('"returned": False, ', ""),
    "the oldest book": ('"year"', '"-year"'),
    "the genres": (
        'sorted({book["genre"] for book in store.search({})})',
        '[book["genre"] for book in store.search({})]',
    ),
    "books of each genre": (
        'groups.setdefault(book["genre"], []).append(book)',
        'groups[book["genre"]] = [book]',
    ),
    "books of each decade": ("// 10 * 10", "// 100 * 100"),
    "books without a free copy": ("copies__lt", "copies__gte"),
    "the grade average of a student": (', criteria={"student_id": student["id"]}', ""),
    "the average of each subject": ('"avg"', '"max"'),
    "the highest grade": ('"-score"', '"score"'),
    "move a student to another room": ('"room": body', '"new_room": body'),
    "curve all grades": ("rows = store.search({})", "rows = store.search({}, limit=1)"),
}
"""What to replace in the right program, and by what, by the name of the case."""
