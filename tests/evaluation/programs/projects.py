"""Right programs for the cases of `custom/projects.json`, and a wrong one for each case."""

from __future__ import annotations

from collections.abc import Mapping

PROGRAMS: Mapping[str, str] = {
    "POST /tickets/<int>/resolve": """
ticket = store.get(plan["identifier"])
if ticket is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    REPLY = make_response(200, store.update(ticket["id"], {"state": "resolved"}))
""",
    "POST /tickets/<int>/reopen": """
ticket = store.get(plan["identifier"])
if ticket is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    REPLY = make_response(200, store.update(ticket["id"], {"state": "open"}))
""",
    "POST /tickets/<int>/escalate": """
body = plan["payload"] if isinstance(plan["payload"], dict) else {}
ticket = store.get(plan["identifier"])
if ticket is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    REPLY = make_response(200, store.update(ticket["id"], {"severity": body.get("severity")}))
""",
    "POST /tickets/bulk-close": """
body = plan["payload"] if isinstance(plan["payload"], dict) else {}
chosen = {"severity": body.get("severity"), "state__ne": "closed"}
rows = store.update_where(chosen, {"state": "closed"})
REPLY = make_response(200, {"closed": len(rows)})
""",
    "GET /tickets/severity-counts": """
counts = store.aggregate("count", "id", by="severity")
REPLY = make_response(200, counts)
""",
    "POST /projects/<int>/archive": """
project = store.get(plan["identifier"])
if project is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    REPLY = make_response(200, store.update(project["id"], {"archived": True}))
""",
    "GET /projects/<int>/progress": """
project = store.get(plan["identifier"])
if project is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    tasks = session_store.resource("tasks").search({"project_id": project["id"]})
    done = len([task for task in tasks if task["done"]])
    REPLY = make_response(200, {"percent": 100 * done / max(1, len(tasks))})
""",
    "GET /projects/<int>/duration": """
project = store.get(plan["identifier"])
if project is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    tasks = session_store.resource("tasks").search({"project_id": project["id"]})
    REPLY = make_response(200, {"minutes": sum([task["minutes"] for task in tasks])})
""",
    "GET /tasks/unfinished": """
rows = store.search({"done": False})
REPLY = make_response(200, rows)
""",
    "GET /tasks/late": """
today = datetime.date.today().isoformat()
REPLY = make_response(200, store.search({"done": False, "due_on__lt": today}))
""",
    "POST /projects/<int>/tasks/finish": """
tasks = session_store.resource("tasks")
rows = tasks.update_where({"project_id": ctx["segments"][1], "done": False}, {"done": True})
REPLY = make_response(200, {"finished": len(rows)})
""",
    "POST /tasks/<int>/postpone": """
body = plan["payload"] if isinstance(plan["payload"], dict) else {}
task = store.get(plan["identifier"])
if task is None:
    REPLY = make_response(404, {"error": "not found"})
elif not isinstance(body.get("days"), int):
    REPLY = make_response(422, {"error": "bad days"})
else:
    due = datetime.date.fromisoformat(task["due_on"]) + datetime.timedelta(days=body["days"])
    REPLY = make_response(200, store.update(task["id"], {"due_on": due.isoformat()}))
""",
    "POST /projects/<int>/clone": """
project = store.get(plan["identifier"])
if project is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    fields = {name: value for name, value in project.items() if name != "id"}
    REPLY = make_response(201, store.insert(fields))
""",
    "GET /tasks/most-urgent": """
rows = store.search({"done": False}, sort="priority", limit=1)
REPLY = make_response(200, rows[0]) if rows else make_response(404, {"error": "not found"})
""",
}

WRONG: Mapping[str, tuple[str, str]] = {
    "resolve a ticket": ('"state"', '"status"'),
    "resolve an unknown ticket": ("404", "200"),
    "reopen a ticket": ('store.update(ticket["id"], {"state": "open"})', "ticket"),
    "escalate a ticket": ('body.get("severity")', '"escalated"'),
    "close the tickets of a severity": ('"severity": body.get("severity"), ', ""),
    "tickets of each severity": ('by="severity"', 'by="state"'),
    "archive a project": (
        'REPLY = make_response(200, store.update(project["id"], {"archived": True}))',
        'REPLY = make_response(200, {"archived": store.delete(project["id"])})',
    ),
    "progress of a project": ('{"project_id": project["id"]}', "{}"),
    "minutes of a project": (
        'sum([task["minutes"] for task in tasks])',
        '[task["minutes"] for task in tasks]',
    ),
    "unfinished tasks": ('"done": False', '"done": True'),
    "tasks that are late": ("due_on__lt", "due_on__gt"),
    "finish the tasks of a project": ('"project_id": ctx["segments"][1], ', ""),
    "postpone a task": ('days=body["days"]', "days=1"),
    "postpone a task by a word": ("422", "200"),
    "clone a project": ("store.insert(fields)", "project"),
    "the most urgent task": ('{"done": False}', '{"done": True}'),
}
"""What to replace in the right program, and by what, by the name of the case."""
