"""The lines of a program that embed relations into records and select their fields. Pure.

One search for each relation, never one for each record; one more where records of their own join
them.
"""

from __future__ import annotations

from collections.abc import Collection

_EMBED = """\
rows = [{items}]
for step in plan["embed"]:
    source = rows[step["from"]]
    related = session_store.resource(step["resource"])
    field = step["field"]
    name = step["name"]
    if step["many"]:
        ids = [str(row["id"]) for row in source]
        criteria = {{"&": [step["criteria"], {{field + "__in": ids}}]}}
        linked = related.search(criteria, sort=step["sort"]) if source else []
        if step["select"] is None:
            shown = [dict(row) for row in linked]
        else:
            shown = [{{key: row[key] for key in step["select"] if key in row}} for row in linked]
        groups = {{}}
        for row, view in zip(linked, shown):
            for key in row[field] if isinstance(row[field], list) else [row[field]]:
                if str(key) in groups:
                    groups[str(key)].append(view)
                else:
                    groups[str(key)] = [view]
        for row in source:
            row[name] = groups.get(str(row["id"]), [])[step["offset"]:step["end"]]
        rows.append(shown)
    elif step["through"] is not None:
        keys = {{str(row["id"]): [] for row in source}}
        if step["through"]:
            joins = session_store.resource(step["through"])
            rows_of_joins = joins.search({{step["parent"] + "__in": list(keys)}}) if keys else []
            pairs = [(str(row[step["parent"]]), row.get(field)) for row in rows_of_joins]
        else:
            lists = [(str(row["id"]), row.get(field)) for row in source]
            pairs = [(id, key) for id, ids in lists if isinstance(ids, list) for key in ids]
        for id, key in pairs:
            keys[id].append(str(key))
        wanted = [key for id in keys for key in keys[id]]
        criteria = {{"&": [step["criteria"], {{"id__in": wanted}}]}}
        linked = related.search(criteria, sort=step["sort"]) if wanted else []
        if step["select"] is None:
            shown = [dict(row) for row in linked]
        else:
            shown = [{{key: row[key] for key in step["select"] if key in row}} for row in linked]
        places = {{str(row["id"]): place for place, row in enumerate(linked)}}
        for row in source:
            own = {{places[key]: key for key in keys[str(row["id"])] if key in places}}
            row[name] = [shown[place] for place in sorted(own)][step["offset"]:step["end"]]
        rows.append(shown)
    else:
        keys = [str(row[field]) for row in source if row.get(field) is not None]
        linked = related.search({{"id__in": keys}}) if keys else []
        if step["select"] is None:
            shown = [dict(row) for row in linked]
        else:
            shown = [{{key: row[key] for key in step["select"] if key in row}} for row in linked]
        by_id = {{str(row["id"]): view for row, view in zip(linked, shown)}}
        for row in source:
            row[name] = by_id.get(str(row.get(field)))
        rows.append(shown)
"""


def shown_record(asks: Collection[str]) -> str:
    """Return the lines that show `record` as the shape asks."""
    lines = ""
    if "embed" in asks:
        lines += "record = dict(record)\n" + _EMBED.format(items="[record]")
    if "select" in asks:
        lines += (
            'if plan["select"] is not None:\n'
            '    record = {key: record[key] for key in plan["select"] if key in record}\n'
            'record = {key: record[key] for key in record if key not in plan["exclude"]}\n'
        )
    return lines


def shown_items(asks: Collection[str]) -> str:
    """Return the lines that show each of `items` as the shape asks."""
    lines = ""
    if "embed" in asks:
        lines += "items = [dict(item) for item in items]\n" + _EMBED.format(items="items")
    if "select" in asks:
        lines += (
            'if plan["select"] is not None:\n'
            '    items = [{key: item[key] for key in plan["select"] if key in item}'
            " for item in items]\n"
            'items = [{key: item[key] for key in item if key not in plan["exclude"]}'
            " for item in items]\n"
        )
    return lines
