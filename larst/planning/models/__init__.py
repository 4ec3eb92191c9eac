"""Language models as planners: adapters, retries, budgets, and reading their answers."""
