"""Reuse: the conditions under which a plan may serve another request of its shape."""
