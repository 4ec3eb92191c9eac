"""The process that serves: bind the address, report readiness, write the log, and drain.

Must never plan, run or store anything itself.
"""
