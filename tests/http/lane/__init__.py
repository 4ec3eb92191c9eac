"""Tests of the lane for known requests."""
