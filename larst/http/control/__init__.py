"""The control API below `/_larst/`: plans, sessions and imports, one module each."""
