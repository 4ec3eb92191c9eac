"""Contracts: OpenAPI documents that sessions are given."""
