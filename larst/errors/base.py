"""The base class of all errors, and the errors that an operator can fix."""

from __future__ import annotations


class LarstError(Exception):
    """Base class of every error that LARST raises on purpose.

    `title` is short and stable. `detail` says exactly what went wrong and what to do.
    """

    title = "error"

    def __init_subclass__(cls) -> None:
        """Name the class by its public path, which traces and logs show."""
        if cls.__module__.startswith("larst.errors."):
            cls.__module__ = "larst.errors"

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail or self.title)
        self.detail = detail


class QuotaFullError(LarstError):
    """A quota of the session or the tenant is full; nothing was changed."""

    title = "quota full"


class ExtraMissingError(LarstError):
    """The request needs an extra of the package that is not installed; the detail names it."""

    title = "extra not installed"


class ConfigError(LarstError):
    """A setting or a command-line argument is wrong; raised only at start."""

    title = "wrong setting"
