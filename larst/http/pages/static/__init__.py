"""The pages that show a session's API, and the files that they are made of."""
