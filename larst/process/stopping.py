"""The end of the process: SIGTERM or Ctrl-C asks for it, and a timer of the kernel sees to it.

Whatever keeps the event loop from stopping in order (no memory for another task, a thread that does
not end, a bug) must not keep the process from ending: an orchestrator waits for it. Nothing that
was acknowledged is lost: the journals are on the disk. Must never start a thread or a process for
that, nor allocate anything when the signal arrives: there may be no memory left.
"""

from __future__ import annotations

import asyncio
import signal
from functools import partial

GRACE_S = 9.0
"""How long everything after the accepted requests may take: files, workers, telemetry. With the
default of LARS_DRAIN_S, less than the 30 seconds that Kubernetes and `compose.yaml` wait."""

_NUMBERS = (signal.SIGTERM, signal.SIGINT)


def stop_event(drain_s: float, grace_s: float = GRACE_S) -> asyncio.Event:
    """Return an event of the running loop that SIGTERM and SIGINT set.

    From the first of them on, the process has `drain_s` + `grace_s` seconds to end. Then the kernel
    ends it by SIGALRM, whose default action needs nothing of the interpreter.
    """
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    arm = partial(_arm, max(drain_s + grace_s, 0.001))  # 0 would disarm the timer
    for number in _NUMBERS:
        loop.add_signal_handler(number, stop.set)
        # In the place of the loop's own handler, which does nothing: the loop learns of the signal
        # from a descriptor. This one runs between two instructions, even if the loop is stuck.
        signal.signal(number, arm)
        signal.siginterrupt(number, False)
    return stop


def _arm(within_s: float, *_signal: object) -> None:
    """Start the timer, unless it runs already: a second signal must not give more time."""
    if signal.getitimer(signal.ITIMER_REAL)[0] == 0:
        signal.setitimer(signal.ITIMER_REAL, within_s)
