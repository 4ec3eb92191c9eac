"""LARST, the last REST service: an HTTP server with no predefined endpoints."""

__version__ = "0.2.0"
