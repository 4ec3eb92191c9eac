"""Requests without their values, and what a path and a query ask for."""
