"""The settings of the testing kit. Data."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator

from larst.config import fields
from larst.config.fields import Group, setting

Recording = Literal["on", "off"]
FaultsUse = Literal["loopback", "on", "off"]
"""Whose requests may fail on demand: those from this machine, all, or none."""


class KitSettings(Group):
    """What tests can ask of the service."""

    record: Annotated[Recording, BeforeValidator(fields.lower)] = setting(
        "LARS_RECORD",
        "off",
        "on or off",
        "Record the requests of all sessions in memory, or only of sessions that ask for it "
        "(docs/testing.md).",
    )

    faults: Annotated[FaultsUse, BeforeValidator(fields.lower)] = setting(
        "LARS_FAULTS",
        "loopback",
        "loopback, on or off",
        "Which requests may fail on demand: those from this machine to a loopback name, all, or "
        "none.",
    )

    webhook_hosts: Annotated[tuple[str, ...], BeforeValidator(fields.receivers)] = setting(
        "LARS_WEBHOOK_HOSTS",
        (),
        "none, or a comma-separated list of names such as hooks.example.com, *.example.com (no "
        "port)",
        "The hosts that webhooks may be sent to, beside loopback addresses; none: no webhooks at "
        "all.",
    )

    @property
    def records_all(self) -> bool:
        """Whether the requests of all sessions are recorded."""
        return self.record == "on"
