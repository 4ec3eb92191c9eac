"""`larst eval`: a suite of requests with known outcomes, run against a planner.

Knows the service by its HTTP alone. Must never touch data that is not its own.
"""
