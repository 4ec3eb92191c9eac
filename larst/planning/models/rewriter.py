"""A transformer of programs that knows whether it has changed anything."""

from __future__ import annotations

import ast


class Rewriter(ast.NodeTransformer):
    """A transformer that knows whether it has changed anything."""

    def __init__(self) -> None:
        self.has_changed = False

    def apply(self, tree: ast.Module) -> ast.Module | None:
        """Return the changed program, or None if nothing had to be changed."""
        changed: ast.Module = self.visit(tree)
        return changed if self.has_changed else None
