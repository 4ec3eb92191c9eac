"""Pages for browsers: the landing page, Swagger UI and ReDoc."""
