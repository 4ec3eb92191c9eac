"""Export, import, and replacing a session's resources."""
