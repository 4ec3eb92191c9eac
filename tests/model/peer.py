"""A real model server in a separate process: llama.cpp with the weights of SmolLM2-135M.

`python peer.py WEIGHTS` prints its address, and serves until it is killed.
"""

from __future__ import annotations

import sys
import threading

import xllamacpp


def main(weights: str) -> None:
    """Serve an OpenAI-compatible API on a free loopback port."""
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
