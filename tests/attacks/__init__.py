"""Hostile programs by kind: data. `test_attacks.py` runs them directly and in workers."""
