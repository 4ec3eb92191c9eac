"""LARST beside servers of the same purpose, under the same load: `python -m benchmarks.peers`."""
