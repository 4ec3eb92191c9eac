"""Data from what teams have: HAR recordings, Postman collections, examples of OpenAPI documents.

Each becomes the text of a `db.json`, which is imported as any other. Pure. Must never follow a
reference out of the document, and never take anything but the bodies of replies and requests.
"""

from larst.seeds.kinds import Kind, is_yaml, kind_of, refuse_yaml
from larst.seeds.reading import as_db_json

__all__ = ["Kind", "as_db_json", "is_yaml", "kind_of", "refuse_yaml"]
