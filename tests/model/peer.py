"""A real model server as a process of its own: llama.cpp with the weights of SmolLM2-135M.

`python peer.py WEIGHTS` prints the address that it listens on, and serves until it is killed.
"""

from __future__ import annotations

import sys
import threading

import xllamacpp


def main(weights: str) -> None:
    """Serve the OpenAI kind of API on a free port of loopback."""
    params = xllamacpp.CommonParams()
    params.model.path = weights
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = 8192
    params.n_parallel = 1
    params.n_predict = 300
    params.warmup = False
    server = xllamacpp.Server(params)
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1])
