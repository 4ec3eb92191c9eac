"""A session: one actor that owns one tenant's data and takes its requests through the stages."""
