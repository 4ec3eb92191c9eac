"""Offline inspection of a session's files, and repair of damaged ones."""
