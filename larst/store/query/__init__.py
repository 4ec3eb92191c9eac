"""Criteria, comparison, sorting and aggregates over records."""
