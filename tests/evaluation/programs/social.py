"""Right programs for the cases of `custom/social.json`, and a wrong one for each case."""

from __future__ import annotations

from collections.abc import Mapping

PROGRAMS: Mapping[str, str] = {
    "POST /posts/<int>/star": """
post = store.get(plan["identifier"])
if post is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    REPLY = make_response(200, store.update(post["id"], {"stars": post["stars"] + 1}))
""",
    "POST /posts/<int>/unstar": """
post = store.get(plan["identifier"])
if post is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    REPLY = make_response(200, store.update(post["id"], {"stars": max(0, post["stars"] - 1)}))
""",
    "POST /posts/<int>/hide": """
post = store.get(plan["identifier"])
if post is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    REPLY = make_response(200, store.update(post["id"], {"hidden": True}))
""",
    "POST /posts/<int>/unhide": """
post = store.get(plan["identifier"])
if post is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    REPLY = make_response(200, store.update(post["id"], {"hidden": False}))
""",
    "POST /users/<int>/ban": """
user = store.get(plan["identifier"])
if user is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    REPLY = make_response(200, store.update(user["id"], {"banned": True}))
""",
    "POST /users/<int>/unban": """
user = store.get(plan["identifier"])
if user is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    REPLY = make_response(200, store.update(user["id"], {"banned": False}))
""",
    "POST /users/<int>/follow": """
body = plan["payload"] if isinstance(plan["payload"], dict) else {}
user = store.get(plan["identifier"])
if user is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    changes = {"following": user["following"] + [body.get("user_id")]}
    REPLY = make_response(200, store.update(user["id"], changes))
""",
    "POST /comments/<int>/dismiss-flag": """
comment = store.get(plan["identifier"])
if comment is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    REPLY = make_response(200, store.update(comment["id"], {"flagged": False}))
""",
    "POST /comments/remove-flagged": """
rows = store.delete_where({"flagged": True})
REPLY = make_response(200, {"removed": len(rows)})
""",
    "GET /posts/top-starred": """
rows = store.search({}, sort="-stars", limit=10)
REPLY = make_response(200, rows)
""",
    "GET /posts/hashtag-counts": """
counts = {}
for post in store.search({}):
    for tag in post["tags"]:
        counts[tag] = counts.get(tag, 0) + 1
REPLY = make_response(200, counts)
""",
    "GET /users/<int>/stars-received": """
user = store.get(plan["identifier"])
if user is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    posts = session_store.resource("posts").search({"author_id": user["id"]})
    REPLY = make_response(200, {"stars": sum([post["stars"] for post in posts])})
""",
    "GET /posts/uncommented": """
seen = [str(row["post_id"]) for row in session_store.resource("comments").search({})]
REPLY = make_response(200, [post for post in store.search({}) if str(post["id"]) not in seen])
""",
    "POST /posts/<int>/untag": """
body = plan["payload"] if isinstance(plan["payload"], dict) else {}
post = store.get(plan["identifier"])
if post is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    changes = {"tags": [tag for tag in post["tags"] if tag != body.get("tag")]}
    REPLY = make_response(200, store.update(post["id"], changes))
""",
}

WRONG: Mapping[str, tuple[str, str]] = {
    "give a star": ('post["stars"] + 1', "1"),
    "give a star to an unknown post": ("404", "204"),
    "take a star back": ('max(0, post["stars"] - 1)', "0"),
    "hide a post": (
        'REPLY = make_response(200, store.update(post["id"], {"hidden": True}))',
        'REPLY = make_response(200, {"gone": store.delete(post["id"])})',
    ),
    "show a hidden post": ('{"hidden": False}', '{"status": "unhidden"}'),
    "ban a user": ('store.update(user["id"], {"banned": True})', '{**user, "banned": True}'),
    "lift a ban": ("False", '"unbanned"'),
    "follow a user": ('user["following"] + [body.get("user_id")]', 'body.get("user_id")'),
    "dismiss a flag": ('"flagged"', '"dismissed"'),
    "remove flagged comments": ('"flagged": True', '"id__exists": True'),
    "the post with most stars first": ('"-stars"', '"stars"'),
    "how often each hashtag is used": ("counts.get(tag, 0) + 1", "1"),
    "stars that a user received": ('{"author_id": user["id"]}', "{}"),
    "posts without a comment": ("not in seen", "in seen"),
    "remove a hashtag": ("tag != body", "tag == body"),
}
"""What to replace in the right program, and by what, by the name of the case."""
