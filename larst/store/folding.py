"""Names on a disk that does not distinguish upper and lower case: `Users` and `users` are one file.

Both names cannot be served there: the second one is refused, and the first keeps its file.
"""

from __future__ import annotations

from collections.abc import Iterable

from larst.errors import BadResourceNameError


def refuse_folded(name: str, names: Iterable[str]) -> None:
    """Refuse a resource whose file would be that of another one.

    Raises:
        BadResourceNameError: one of `names` differs from `name` in case only.
    """
    folded = name.lower()  # names are ASCII
    for other in names:
        if other != name and other.lower() == folded:
            raise BadResourceNameError(
                f"{name} and {other} would be one file: the disk of this service does not"
                f" distinguish upper and lower case; use {other}"
            )
