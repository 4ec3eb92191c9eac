"""What `larst serve FILE.larst` does otherwise: no planner, a locked plan book, data in memory.

`LARS_PLAN_MODE` and a data root that are named win.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from larst.config import Settings
    from larst.http.components import Components
    from larst.process.seeding import SeedFile


def unpacked(file: SeedFile, settings: Settings) -> SeedFile:
    """Return the file; if it is a pack, with the pack's data as its content.

    Raises:
        BadRequestError: it is a pack that cannot be served.
    """
    from larst.errors import BadRequestError
    from larst.packs import is_pack, read_pack

    if not is_pack(file.content):
        return file
    try:
        pack = read_pack(file.content, max_bytes=settings.http.max_import_bytes)
    except BadRequestError as error:
        raise BadRequestError(f"{file.name} cannot be served: {error.detail}") from error
    return replace(file, content=pack.export, pack=pack)


def frozen_settings(settings: Settings) -> Settings:
    """Return the settings with a locked plan book, unless LARS_PLAN_MODE is set."""
    if _is_set("LARS_PLAN_MODE"):
        return settings
    planning = settings.planning.model_copy(update={"mode": "locked"})
    return settings.model_copy(update={"planning": planning})


def has_own_root(options: argparse.Namespace) -> bool:
    """Return whether a data root is named, by the flag or by SANDBOX_DATA_ROOT."""
    return options.SANDBOX_DATA_ROOT is not None or _is_set("SANDBOX_DATA_ROOT")


def components_of(settings: Settings, file: SeedFile | None) -> Components:
    """Return the components of the service: with a locked pack, without a planner."""
    from larst.http.app import default_components
    from larst.http.components import Components
    from larst.planning.frozen import FrozenPlanner
    from larst.sandbox import MontySandbox

    if file is None or file.pack is None or settings.planning.mode != "locked":
        return default_components(settings)
    return Components(FrozenPlanner(file.pack.maker), MontySandbox(settings.sandbox))


def _is_set(variable: str) -> bool:
    from larst.config import env_file_variables

    return bool({**env_file_variables(), **os.environ}.get(variable))
