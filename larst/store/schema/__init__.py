"""The schema that a session learns from its records, and how a record differs from it. Pure."""
