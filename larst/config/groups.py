"""All settings, by group: each room takes its own group as a whole. Data.

docs/configuration.md is generated from the fields: variable, default, allowed values, description.
Must never contain a secret outside of a `SecretStr`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import platformdirs
from pydantic import BeforeValidator, Field

from larst.config import fields
from larst.config.fields import Group, setting
from larst.config.kit import KitSettings
from larst.config.planners import ModelSettings, PlanningSettings
from larst.config.quotas import QuotaSettings
from larst.config.service import ConsoleSettings, HttpSettings
from larst.config.sessions import SandboxSettings, SessionSettings

LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["auto", "text", "json"]


class Settings(Group):
    """All settings, by group."""

    data_root: Annotated[Path, BeforeValidator(fields.path)] = setting(
        "SANDBOX_DATA_ROOT",
        lambda: platformdirs.user_data_path("larst", appauthor=False),
        "the path of a directory",
        "The directory for sessions and plans; the platform's place for user data if unset.",
    )
    log_level: Annotated[LogLevel, BeforeValidator(fields.lower)] = setting(
        "LARS_LOG_LEVEL", "info", "debug, info, warning or error", "The lowest level to log."
    )
    log_format: Annotated[LogFormat, BeforeValidator(fields.lower)] = setting(
        "LARS_LOG_FORMAT",
        "auto",
        "auto, text or json",
        "How to log: as JSON lines, or as text for people; auto chooses text on a terminal.",
    )
    http: HttpSettings = Field(default_factory=HttpSettings)
    console: ConsoleSettings = Field(default_factory=ConsoleSettings)
    sandbox: SandboxSettings = Field(default_factory=SandboxSettings)
    sessions: SessionSettings = Field(default_factory=SessionSettings)
    quotas: QuotaSettings = Field(default_factory=QuotaSettings)
    planning: PlanningSettings = Field(default_factory=PlanningSettings)
    models: ModelSettings = Field(default_factory=ModelSettings)
    kit: KitSettings = Field(default_factory=KitSettings)
