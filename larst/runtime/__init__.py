"""Settings of the Python runtime, each justified by a measurement.

- **The allocator** is that of the C library, set outside: `PYTHONMALLOC=malloc` in the Dockerfile,
  or in the unit file or shell of other set-ups (docs/operations.md). CPython's own allocator frees
  an arena of 1 MiB only when every object in it is gone, and a few survivors of each session keep
  all of them. Python reads the variable before it runs any code, so the service could only set it
  by executing itself again, which supervisors and debuggers do not expect.
- **`MemoryTrimmer`** calls `malloc_trim` after sessions have gone to sleep. Without that call the C
  library keeps most pages. With CPython's allocator the call has no effect and is not made.
- **`CollectorSchedule`** keeps the collection of all generations away from requests: with 100,000
  records in memory it takes 60 to 90 ms, and it came every few seconds under writes.
- **`paused_collector`** covers the parsing of large imports: collecting while a million objects are
  allocated stops all threads again and again, and finds no cycles.

Resident memory of the service, 60 sessions of 2,000 records each (benchmarks/idle_memory.py,
November 2026, CPython 3.11, two busy cores):

    allocator      malloc_trim      start    all awake    all asleep
    malloc         yes              64 MB       195 MB         99 MB
    malloc         no               64 MB       196 MB        226 MB
    pymalloc       yes              63 MB       190 MB        178 MB
    pymalloc       no               63 MB       165 MB        174 MB

CPU time per request does not differ measurably between the two (benchmarks/http_load.py).

Longest reply of `/healthz` while 59 MB are imported, and then imported again with `replace`
(benchmarks/large_import.py, November 2026, two runs on a machine busy with other work):

    collector                    first import           replacing import
    paused, then frozen          242 ms and 611 ms      914 ms and 1,214 ms
    paused only                  588 ms and 1,102 ms    553 ms and 2,367 ms
    as usual                     1,092 ms and 3,737 ms  14,547 ms and 7,923 ms

Must never change what a request does.
"""

from larst.runtime.collector import CollectorSchedule
from larst.runtime.memory import MemoryTrimmer, paused_collector

__all__ = ["CollectorSchedule", "MemoryTrimmer", "paused_collector"]
