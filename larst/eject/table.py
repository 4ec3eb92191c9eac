"""The module `table.py` of a resource as Python source. Pure."""

from __future__ import annotations

from larst.eject.description import Api, Field, Resource
from larst.openapi.names import words


def table_source(api: Api, resource: Resource) -> str:
    """Return the module `table.py` of a resource: its columns, and the dependency of routes."""
    columns = ",\n".join(
        f'    "{field.name}": Column("{field.kind}"{_nullable(field)})' for field in resource.fields
    )
    name = table_type(resource)
    return (
        f'"""The table of {words(resource.module)}."""\n\n'
        "from typing import Annotated\n\nfrom fastapi import Depends\n\n"
        f"from {api.package}.database import Transaction\n"
        f"from {api.package}.queries import Column\n"
        f"from {api.package}.tables import Table\n\n"
        f"COLUMNS = {{\n{columns},\n}}\n\n\n"
        f"def table(transaction: Transaction) -> Table:\n"
        f'    """Return the {words(resource.module)} in the transaction of a request."""\n'
        f'    return Table(transaction, "{resource.name}", COLUMNS)\n\n\n'
        f"{name} = Annotated[Table, Depends(table)]\n"
    )


def _nullable(field: Field) -> str:
    return ", nullable=True" if field.is_nullable else ""


def table_type(resource: Resource) -> str:
    """Return the name of the dependency that is the table of a resource: `Products`."""
    return "".join(part.title() for part in resource.module.split("_")) + (
        "Table" if resource.type_name.lower() == resource.module.replace("_", "") else ""
    )
