"""Schemas learned from records, and how a record differs from one."""
