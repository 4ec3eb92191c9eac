"""The fixtures of tests/service, for tests with a real model."""

from __future__ import annotations

from tests.service.conftest import http, start_service

__all__ = ["http", "start_service"]
