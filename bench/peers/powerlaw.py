#!/usr/bin/env python3
"""Time the fit of a power law beside the same double loop in NumPy, in one run.

Run:  python3 bench/peers/powerlaw.py [--n 4096] [--rounds 3]   (needs NumPy and Go)

The loop is over every x_min, and NumPy's over every eigenvalue from there on, with logarithms
kept: as the fit is usually written. Go's time is that of the same kind of spectrum,
singular values of a Pareto law, with all that follows from the fit and its bounds.
"""
import argparse
import os
import re
import subprocess
import time
import numpy as np


def double_loop(lam):
    logs, n = np.log(lam), len(lam)
    alphas, distances = np.zeros(n - 1), np.ones(n - 1)
    for i in range(n - 1):
        k = n - i
        alphas[i] = 1 + k / (logs[i:].sum() - k * logs[i])
        law = 1 - (lam[i:] / lam[i]) ** (1 - alphas[i])
        distances[i] = np.abs(law - np.arange(k) / k).max()
    best = distances.argmin()
    return alphas[best], distances[best]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=4096, choices=[4096, 16384])
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    lam = np.sort((1 - np.random.default_rng(1).random(args.n)) ** -1.4)
    numpy, go = [], []
    for _ in range(args.rounds):
        start = time.perf_counter()
        double_loop(lam)
        numpy.append(1e3 * (time.perf_counter() - start))
        command = ["go", "test", "./statistics", "-run", "^$", "-bench", f"PowerLaw/{args.n}/pareto", "-benchtime", "50x"]
        out = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
        go.append(float(re.search(r"([\d.]+) ns/op", out).group(1)) / 1e6)
    a, b = np.median(numpy), np.median(go)
    print(f"n = {args.n}: NumPy {a:.1f} ms, spectrum {b:.2f} ms, {a / b:.0f} times faster (medians of {args.rounds})")


main()
