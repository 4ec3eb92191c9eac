"""What the command line does besides serving: each command is a module, imported when it is run."""
