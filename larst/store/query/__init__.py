"""Search: criteria, typed comparison, sorting, pages and aggregates. Pure."""
