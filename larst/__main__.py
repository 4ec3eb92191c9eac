"""`python -m larst`, the same as `larst`."""

from __future__ import annotations

import sys

from larst.cli import main

if __name__ == "__main__":
    sys.exit(main())
