"""Fits run on one thread, as in every process that trains: others would only wait for each other on a busy machine."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
