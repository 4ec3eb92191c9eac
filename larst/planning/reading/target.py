"""What a reading needs to know of the meaning of a path. Data."""

from __future__ import annotations

from typing import Protocol


class Target(Protocol):
    """The part of a path's meaning that a reading needs; `RestPath` has it."""

    @property
    def prefix(self) -> str:
        """The text before the resource, such as `/api/v1`."""

    @property
    def resource(self) -> str:
        """The resource that the path names."""

    @property
    def identifier(self) -> int | None:
        """The index of the identifier in the path, or None."""

    @property
    def field(self) -> str | None:
        """The field of the record that the path names, or None."""

    @property
    def is_search(self) -> bool:
        """Whether the path ends in a search verb."""

    @property
    def is_count(self) -> bool:
        """Whether the path ends in `count`."""

    @property
    def is_list_of_ids(self) -> bool:
        """Whether the path names records by a list of ids."""

    @property
    def is_whole(self) -> bool:
        """Whether the path names one value, of which a query can select no part."""
