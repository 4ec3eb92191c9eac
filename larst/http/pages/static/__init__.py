"""The files of Swagger UI and ReDoc that are LARST's own: template, styles and scripts."""
