"""Files: the journal, the documented files, and how both are written."""
