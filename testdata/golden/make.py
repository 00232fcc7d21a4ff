#!/usr/bin/env python3
"""Write fixtures.json: what NumPy float64 says of a set of hard spectra.

Run:  python3 testdata/golden/make.py   (needs NumPy only)

Every matrix is made by integer arithmetic and single IEEE operations, so that
golden_test.go builds the same bits; the SHA-256 of the little-endian float64
bytes proves it. The Marchenko-Pastur quantiles of the calibrated noise scale
come from Gauss-Legendre quadrature of the density, not from its closed form.
"""
import hashlib
import json
import os
import numpy as np

M64 = (1 << 64) - 1


def noise(seed, rows, cols):
    """Bell-shaped integers of mean 0, |x| <= 131070: the sum of the four 16-bit
    fields of splitmix64(seed + index), less 131070; exact in float64."""
    with np.errstate(over="ignore"):
        z = np.arange(1, rows * cols + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z += np.uint64((seed * 0xD1B54A32D192ED03) & M64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    f = np.uint64(0xFFFF)
    s = (z & f) + ((z >> np.uint64(16)) & f) + ((z >> np.uint64(32)) & f) + (z >> np.uint64(48))
    return (s.astype(np.float64) - 131070.0).reshape(rows, cols)


def unit_noise(seed, rows, cols):
    return noise(seed, rows, cols) * 2.0**-15


def signs(seed, n):
    return np.where(noise(seed, 1, n)[0] < 0, -1.0, 1.0)


def spikes(seed, rows, cols, count, strength):
    w = unit_noise(seed, rows, cols)
    for k in range(count):
        u, v = signs(seed + 100 + k, rows), signs(seed + 200 + k, cols)
        w = w + (u[:, None] * v[None, :]) * (strength / float(k + 1))
    return w


def hadamard(n):
    i = np.arange(n)
    bits = i[:, None] & i[None, :]
    parity = np.array([[bin(b).count("1") & 1 for b in row] for row in bits])
    return 1.0 - 2.0 * parity


def low_rank(seed, rows, cols, rank):
    # Integers up to 2^34·rank: every product and sum is exact.
    return noise(seed, rows, rank) @ noise(seed + 1, rank, cols)


def geometric(seed, rows, cols, ratio_log2):
    w = unit_noise(seed, rows, cols)
    return w * 2.0 ** -(np.arange(rows) // ratio_log2).astype(np.float64)[:, None]


def power_law(seed, rows, cols):
    return unit_noise(seed, rows, cols) / np.arange(1, rows + 1, dtype=np.float64)[:, None]


def outliers(seed, rows, cols):
    w = unit_noise(seed, rows, cols)
    w[rows // 3] *= 64.0
    w[:, cols // 2] *= 128.0
    return w


def duplicates(seed, rows, cols):
    return unit_noise(seed, rows, cols)[np.arange(rows) // 2]


CASES = [
    ("noise", 24, 24, unit_noise(1, 24, 24)),
    ("noise", 37, 61, unit_noise(2, 37, 61)),
    ("noise", 61, 37, unit_noise(2, 61, 37)),
    ("noise", 32, 128, unit_noise(3, 32, 128)),
    ("noise", 256, 512, unit_noise(4, 256, 512)),
    ("noise", 512, 256, unit_noise(5, 512, 256)),
    ("noise", 256, 256, unit_noise(6, 256, 256)),
    ("noise-1e30", 40, 50, unit_noise(7, 40, 50) * 1e30),
    ("noise-1e-30", 40, 50, unit_noise(8, 40, 50) * 1e-30),
    ("noise-denormal", 16, 20, noise(9, 16, 20) * 2.0**-1074),
    ("spikes", 64, 96, spikes(10, 64, 96, 4, 1.0)),
    ("spikes", 96, 256, spikes(11, 96, 256, 8, 4.0)),
    ("spike-1000", 128, 128, spikes(12, 128, 128, 1, 1000.0)),
    ("power-law", 128, 200, power_law(13, 128, 200)),
    ("geometric", 60, 60, geometric(14, 60, 60, 4)),
    ("outliers", 90, 70, outliers(15, 90, 70)),
    ("duplicates", 40, 64, duplicates(16, 40, 64)),
    ("low-rank", 48, 40, low_rank(17, 48, 40, 8)),
    ("hadamard", 64, 64, hadamard(64)),
    ("zero", 5, 9, np.zeros((5, 9))),
    ("row", 1, 50, unit_noise(18, 1, 50)),
    ("column", 50, 1, unit_noise(18, 50, 1)),
    ("one", 1, 1, np.array([[-3.0]])),
    ("two", 2, 3, unit_noise(19, 2, 3)),
]

NODES, WEIGHTS = np.polynomial.legendre.leggauss(400)


def mp_iqr(beta):
    """Interquartile range of the Marchenko-Pastur singular-value law, unit
    variance, scaled by 1/sqrt(m)."""
    r = np.sqrt(beta)

    def eigenvalue(phi):  # 1 + beta - 2 sqrt(beta) cos(phi), without cancellation
        return (1 - r) ** 2 + 4 * r * np.sin(phi / 2) ** 2

    def cdf(phi):
        x = phi / 2 * (NODES + 1)
        return phi / 2 * np.sum(WEIGHTS * 2 / np.pi * np.sin(x) ** 2 / eigenvalue(x))

    def quantile(p):
        lo, hi = 1e-9, np.pi
        for _ in range(80):
            mid = (lo + hi) / 2
            lo, hi = (mid, hi) if cdf(mid) < p else (lo, mid)
        return np.sqrt(eigenvalue((lo + hi) / 2))

    return quantile(0.75) - quantile(0.25)


def ratio(x, y):
    return "Infinity" if y == 0 and x > 0 else (0.0 if y == 0 else float(x / y))


def analyse(s, rows, cols, noise_scale):
    n, m = min(rows, cols), max(rows, cols)
    beta = n / m
    iqr = np.quantile(s, 0.75) - np.quantile(s, 0.25)
    if noise_scale == "iqr":
        sigma = iqr / 1.349
        t = sigma * (1 + np.sqrt(beta))
    else:
        sigma = iqr / (np.sqrt(m) * mp_iqr(beta))
        t = sigma * np.sqrt(m) * (1 + np.sqrt(beta))
    signal, rest = s[s > t], s[s <= t]
    out = {"sigma": float(sigma), "threshold": float(t),
           "signal_count": len(signal), "noise_count": len(rest),
           "signal_sum": float(signal.sum()), "noise_sum": float(rest.sum())}
    for name, r in (("sum", ratio(signal.sum(), rest.sum())), ("count", ratio(len(signal), len(rest)))):
        if s[0] == 0:
            r = 0.0
        out["ratio_" + name] = r
        out["snr_" + name] = r if r in ("Infinity", 0.0) else r / float(s[0])
    return out


def main():
    cases = []
    for kind, rows, cols, w in CASES:
        # LAPACK on denormals loses relative accuracy; a power of two is exact.
        scale = 2.0**1000 if 0 < np.abs(w).max() < 1e-290 else 1.0
        s = np.linalg.svd(w * scale, compute_uv=False)
        p = s[s > 0] / s.sum() if s.sum() else s[s > 0]
        cases.append({
            "name": f"{kind}-{rows}x{cols}", "kind": kind, "rows": rows, "cols": cols,
            "sha256": hashlib.sha256(w.astype("<f8").tobytes()).hexdigest(),
            "scale_log2": int(np.log2(scale)),
            "singular_values": s.tolist(),
            "frobenius": float(np.sqrt((s * s).sum())),
            "stable_rank": float((s * s).sum() / s[0] ** 2) if s[0] else 0.0,
            "effective_rank": float(np.exp(-(p * np.log(p)).sum())) if s[0] else 0.0,
            "iqr": analyse(s, rows, cols, "iqr"),
            "calibrated": analyse(s, rows, cols, "calibrated"),
        })
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fixtures.json")
    with open(path, "w") as f:
        json.dump({"numpy": np.__version__, "cases": cases}, f, indent=1)
        f.write("\n")
    print(f"{path}: {len(cases)} cases, NumPy {np.__version__}")


if __name__ == "__main__":
    main()
