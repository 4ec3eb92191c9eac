"""When a plan may serve another request of its shape."""
