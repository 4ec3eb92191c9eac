"""Settings of the Python runtime that measurements justify."""
