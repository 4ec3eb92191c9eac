"""The process: bind the address, announce readiness, log, and drain."""
