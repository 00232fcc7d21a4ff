#!/usr/bin/env python3
"""Write golden.json: the statistics of some spectra by NumPy and SciPy.

Run:  python3 statistics/testdata/golden.py   (needs NumPy and SciPy)

Every statistic is written here as its source has it, with loops over all x_min and all
eigenvalues; the Kritchman-Nadler noise is solved by a bracketing root finder, the median
of the Marchenko-Pastur law by quadrature of its density.
"""
import json
import os
import numpy as np
from scipy import integrate, optimize

TW99 = 2.023346  # upper 1 % point of the Tracy-Widom law of order 1, Bornemann's tables


def power_law(lam):
    """The double loop of Clauset, Shalizi & Newman on ascending eigenvalues."""
    best = None
    for i, xmin in enumerate(lam[:-1]):
        x = lam[i:]
        k = len(x)
        logs = np.sum(np.log(x / xmin))
        if logs == 0:
            continue
        alpha = 1 + k / logs
        d = np.max(np.abs(1 - (x / xmin) ** (1 - alpha) - np.arange(k) / k))
        if best is None or d < best[0]:
            best = (d, alpha, xmin, k)
    return best


def hill(s):
    lam = np.sort(s**2)
    n = len(lam)
    i = n // 2
    if lam[i] == 0:
        return None
    total = np.sum(np.log(lam[i:])) - (n - i) * np.log(lam[i])
    return 1 + (n - i) / total if total > 0 else None


def entropy(s):
    p = s / s.sum()
    p = p[p > 0]
    return -np.sum(p * np.log(p)) / np.log(len(s)) if len(s) > 1 else None


def energy_rank(s, share):
    c = np.cumsum(s**2)
    return int(np.argmax(c >= share * c[-1] * (1 - 1e-14))) + 1


def mp_median(beta):
    lo, hi = (1 - np.sqrt(beta)) ** 2, (1 + np.sqrt(beta)) ** 2

    def cdf(x):
        # x = lo + (hi-lo) sin(t)^2 takes the ends of the density away.
        def f(t):
            v = lo + (hi - lo) * np.sin(t) ** 2
            return (hi - lo) ** 2 * 2 * (np.sin(t) * np.cos(t)) ** 2 / (2 * np.pi * beta * v) if v > 0 else 2 * np.cos(t) ** 2 * hi / (2 * np.pi * beta)
        return integrate.quad(f, 0, np.arcsin(np.sqrt((x - lo) / (hi - lo))), epsabs=1e-12, epsrel=1e-12)[0]

    return optimize.brentq(lambda x: cdf(x) - 0.5, lo + 1e-12, hi - 1e-12, xtol=1e-14)


def hard_rank(s, rows, cols):
    beta = min(rows, cols) / max(rows, cols)
    lam = np.sqrt(2 * (beta + 1) + 8 * beta / (beta + 1 + np.sqrt(beta**2 + 14 * beta + 1)))
    return int(np.sum(s > lam / np.sqrt(mp_median(beta)) * np.median(s)))


def spikes(s, rows, cols):
    """Kritchman & Nadler 2009 with their equations 27 to 29, Tracy-Widom edge of Ma 2012."""
    n, m = min(rows, cols), max(rows, cols)
    unit = s[0]
    s = s / unit
    s2 = s**2
    for k in range(n):
        def gap(v):
            total = (n - k) * m * v - s2[k:].sum()
            for lam in s2[:k] / m:
                b = lam + v - v * (n - k) / m
                d = b * b - 4 * lam * v
                if d < 0:
                    return np.nan
                rho = (b + np.sqrt(d)) / 2
                total -= m * (lam - rho)
            return total
        simple = s2[k:].sum() / ((n - k) * (m - k))
        v = simple
        if k:
            low, high = s2[k:].sum() / ((n - k) * m), simple * 4
            grid = [g for g in np.linspace(low * (1 - 1e-9), high, 4000) if not np.isnan(gap(g))]
            signs = [(a, b) for a, b in zip(grid, grid[1:]) if gap(a) <= 0 < gap(b)]
            if signs:
                v = optimize.brentq(gap, *signs[0], xtol=1e-18, rtol=1e-14)
        a, b = np.sqrt(n - k - 0.5), np.sqrt(m - k - 0.5)
        mu, tau = (a + b) ** 2, (a + b) * (1 / a + 1 / b) ** (1 / 3)
        edge = np.sqrt(v * (mu + TW99 * tau))
        if s[k] <= edge or k == n - 1:
            return k, np.sqrt(v) * unit, edge * unit
    raise AssertionError


def strength(y, rows, cols, sigma):
    """The larger root of y^2 theta^2 = (theta^2 + n sigma^2)(theta^2 + m sigma^2)."""
    a, b = rows * (sigma / y) ** 2, cols * (sigma / y) ** 2
    roots = np.roots([1, a + b - 1, a * b])
    return float(y * np.sqrt(max(roots.real)))


def statistics(name, s, rows, cols):
    s = np.sort(np.asarray(s, dtype=np.float64))[::-1]
    lam = np.sort(s[s > 0] ** 2)
    law = power_law(lam)
    k, sigma, edge = spikes(s, rows, cols)
    n, m = min(rows, cols), max(rows, cols)
    out = {
        "name": name, "rows": rows, "cols": cols, "singular_values": s.tolist(),
        "hill_alpha": hill(s), "spectral_entropy": entropy(s),
        "rank_90": energy_rank(s, 0.90), "rank_95": energy_rank(s, 0.95), "rank_99": energy_rank(s, 0.99),
        "numerical_rank": int(np.sum(s > s[0] * max(rows, cols) * np.finfo(np.float32).eps)),
        "spikes": k, "gavish_donoho_rank": hard_rank(s, rows, cols),
        "spike_strength": strength(s[0], rows, cols, sigma) if k else None,
        "below_edge": float(np.mean(s < sigma * (np.sqrt(m - k) - np.sqrt(n - k)))),
    }
    if law:
        d, alpha, xmin, tail = law
        out |= {"alpha": alpha, "alpha_xmin": xmin, "alpha_ks": d, "alpha_tail": tail, "alpha_error": (alpha - 1) / np.sqrt(tail),
                "alpha_weighted": alpha * np.log10(lam[-1]), "log_alpha_norm": float(np.log10(np.sum(lam**alpha)))}
    return out


def main():
    rng = np.random.default_rng(19)

    def svd(w):
        return np.linalg.svd(w, compute_uv=False), *w.shape

    def planted(rows, cols, strengths):
        w = rng.standard_normal((rows, cols)) * 0.02
        for t in strengths:
            u, v = rng.standard_normal(rows), rng.standard_normal(cols)
            w += t * np.outer(u / np.linalg.norm(u), v / np.linalg.norm(v))
        return w

    cases = [
        statistics("noise", *svd(rng.standard_normal((96, 160)))),
        statistics("square noise", *svd(rng.standard_normal((64, 64)))),
        statistics("spikes", *svd(planted(80, 200, [2.0, 1.5, 1.0, 0.9]))),
        statistics("tall spikes", *svd(planted(150, 60, [3.0, 0.8]))),
        statistics("heavy tail", *svd(rng.standard_t(2.2, (100, 120)))),
        statistics("low rank", *svd(rng.standard_normal((70, 5)) @ rng.standard_normal((5, 90)) + 1e-2 * rng.standard_normal((70, 90)))),
        statistics("pareto", np.sqrt(rng.pareto(1.5, 128) + 1), 128, 256),
        statistics("two", [3.0, 1.0], 2, 5),
        statistics("zeros", np.concatenate([rng.random(40) + 0.5, np.zeros(8)]), 48, 64),
    ]
    # Squares of s1 alone would pass single precision here.
    cases.append(statistics("small units", *svd(planted(50, 75, [1.0]) * 1e-9)))
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden.json"), "w") as f:
        json.dump(cases, f, indent=1)
        f.write("\n")


main()
