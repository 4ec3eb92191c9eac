"""The service as a child of a test process: `larst`, until its standard input ends.

A test process that is killed cannot stop its children; the end of a pipe cannot be missed.
"""

from __future__ import annotations

import os
import signal
import sys
import threading


def main() -> int:
    """Run the command line of LARST; stop it in an orderly way when the parent is gone."""
    from larst import cli

    threading.Thread(target=_follow_parent, name="larst parent", daemon=True).start()
    return cli.main(sys.argv[1:])


def _follow_parent() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
