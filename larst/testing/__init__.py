"""The testing kit: a pytest plugin, its client, and a helper for JavaScript.

`plugin.py` has the fixtures. The rest imports the standard library only: a test suite
that does not use LARST must not notice that it is installed. Must never import the service into the
process of the tests; `child.py` alone runs it, in a process of its own.
"""
