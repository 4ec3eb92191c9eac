"""Documented files that people edit: read, merged with the session's own changes, or set aside."""
