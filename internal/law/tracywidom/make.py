#!/usr/bin/env python3
"""Write table.go: the Tracy-Widom distribution function of beta = 1.

Run:  python3 internal/law/tracywidom/make.py          (needs mpmath; under a minute)

The values come from the Hastings-McLeod solution q of Painleve II,
q'' = s q + 2 q^3, by Taylor series in 60 digits from s = 24, where q is Ai, down:
F1(s) = exp(-(1/2) int_s^inf q + (x - s) q^2 dx) (Tracy & Widom 1996). Chebyshev
interpolation of log F1 left of the middle and of log(1 - F1) right of it keeps
relative accuracy in both tails.

They are checked against a second method that shares nothing with the first:
F1(s) is the Fredholm determinant det(1 - A) on L2(s, inf) with the kernel
A(x, y) = Ai((x+y)/2)/2 (Ferrari & Spohn 2005), evaluated by Gauss-Legendre
quadrature in 40 digits, where it converges exponentially (Bornemann 2010, Math.
Comp. 79, 871). checks.json keeps the determinants for the test of the table.
"""
import json
import os
import sys
from mpmath import mp, mpf

HERE = os.path.dirname(os.path.abspath(__file__))
LOWER = [mpf(x) for x in ("-9", "-6", "-3", "-0.5")]  # pieces of log F1
UPPER = [mpf(x) for x in ("-0.5", "2", "5", "9", "16")]  # pieces of log(1 - F1)
TERMS = 20
NODES = 56


def legendre(n):
    """Nodes and weights of Gauss-Legendre quadrature on [-1, 1]."""
    xs, ws = [], []
    for i in range(n):
        x = mp.cos(mp.pi * (i + mpf(3) / 4) / (n + mpf(1) / 2))
        for _ in range(100):
            p0, p1 = mpf(1), x
            for k in range(2, n + 1):
                p0, p1 = p1, ((2 * k - 1) * x * p1 - (k - 1) * p0) / k
            d = n * (x * p1 - p0) / (x * x - 1)
            step = p1 / d
            x -= step
            if abs(step) < mpf(10) ** (-mp.dps + 3):
                break
        xs.append(x)
        ws.append(2 / ((1 - x * x) * d * d))
    return xs, ws


def fredholm(s, nodes):
    """F1(s)."""
    length = 2 * (14 - min(s, mpf(0)))  # beyond, Ai((x+s)/2) < 1e-16, and its square counts
    half = length / 2
    x = [s + half * (1 + t) for t in nodes[0]]
    w = [mp.sqrt(half * v) for v in nodes[1]]
    n = len(x)
    a = mp.matrix(n, n)
    for i in range(n):
        for j in range(i + 1):
            k = w[i] * w[j] * mp.airyai((x[i] + x[j]) / 2) / 2
            a[i, j] = a[j, i] = -k
        a[i, i] += 1
    return mp.det(a)


class Painleve:
    """q with u = int q, v = int q^2 and w = int (x-s) q^2, all over (s, inf), by
    Taylor steps from s = 24 down."""

    STEP = mpf(1) / 8
    ORDER = 44

    def __init__(self):
        s = mpf(24)
        q, dq = mp.airyai(s), mp.airyai(s, derivative=1)
        u = mp.quad(mp.airyai, [s, s + 4, s + 12, s + 40])
        v = mp.quad(lambda x: mp.airyai(x) ** 2, [s, s + 4, s + 12])
        w = mp.quad(lambda x: (x - s) * mp.airyai(x) ** 2, [s, s + 4, s + 12])
        self.steps = []
        while s > -13:
            c = self.coefficients(s, q, dq)
            self.steps.append((s, c, u, v, w))
            q, dq, u, v, w = self.advance(c, u, v, w, -self.STEP)
            s -= self.STEP

    def coefficients(self, s, q, dq):
        c = [q, dq]
        sq = []  # of q^2
        for n in range(self.ORDER):
            sq.append(sum(c[i] * c[n - i] for i in range(n + 1)))
            cube = sum(sq[i] * c[n - i] for i in range(n + 1))
            rhs = s * c[n] + (c[n - 1] if n else 0) + 2 * cube
            c.append(rhs / ((n + 1) * (n + 2)))
        self.sq = sq
        return c, sq

    @staticmethod
    def advance(c, u, v, w, h):
        """The integrals have u' = -q, v' = -q^2, w' = -v."""
        c, sq = c
        q = sum(a * h**i for i, a in enumerate(c))
        dq = sum(i * a * h ** (i - 1) for i, a in enumerate(c) if i)
        u1 = u - sum(a * h ** (i + 1) / (i + 1) for i, a in enumerate(c))
        v1 = v - sum(a * h ** (i + 1) / (i + 1) for i, a in enumerate(sq))
        w1 = w - v * h + sum(a * h ** (i + 2) / ((i + 1) * (i + 2)) for i, a in enumerate(sq))
        return q, dq, u1, v1, w1

    def logs(self, s):
        """log F1(s) and log(1 - F1(s))."""
        i = min(int((24 - s) / self.STEP), len(self.steps) - 1)
        at, c, u, v, w = self.steps[i]
        _, _, u, _, w = self.advance(c, u, v, w, s - at)
        log = -(u + w) / 2
        return log, mp.log(-mp.expm1(log))


def chebyshev(values):
    """Coefficients of the interpolant at the nodes cos(pi (k+1/2)/n)."""
    n = len(values)
    return [(1 if j == 0 else 2) * sum(values[k] * mp.cos(mp.pi * j * (k + mpf(1) / 2) / n) for k in range(n)) / n
            for j in range(n)]


def pieces(ends):
    return list(zip(ends[:-1], ends[1:]))


def node(lo, hi, k):
    return (lo + hi) / 2 + (hi - lo) / 2 * mp.cos(mp.pi * (k + mpf(1) / 2) / TERMS)


def table(name, doc, ends, function):
    out = [f"// {name} {doc}", f"func {name}() []piece {{", "\treturn []piece{"]
    for lo, hi in pieces(ends):
        c = chebyshev([function(node(lo, hi, k)) for k in range(TERMS)])
        out.append(f"\t\t{{{float(lo)!r}, {float(hi)!r}, [{TERMS}]float64{{")
        out += [f"\t\t\t{float(x)!r}," for x in c]
        out.append("\t\t}},")
    return out + ["\t}", "}", ""]


def write_table(exact):
    out = ["// Code generated by make.py; DO NOT EDIT.", "", "package tracywidom", ""]
    out += table("lower", "is log F₁.", LOWER, lambda s: exact.logs(s)[0])
    out += table("upper", "is log(1 − F₁).", UPPER, lambda s: exact.logs(s)[1])
    with open(os.path.join(HERE, "table.go"), "w") as f:
        f.write("\n".join(out).rstrip() + "\n")


def write_checks(exact):
    nodes = legendre(NODES)
    checks, worst = [], mpf(0)
    for i in range(25):
        s = mpf("-8.875") + mpf(33) / 32 * i
        f = fredholm(s, nodes)
        checks.append({"s": float(s), "cdf": float(f), "survival": float(1 - f)})
        log_f, log_sf = exact.logs(s)
        worst = max(worst, abs(mp.log(f) - log_f), abs(mp.log(1 - f) - log_sf))
    print("Fredholm against Painleve, largest difference of logarithms:", mp.nstr(worst, 3))
    if worst > mpf(10) ** -15:
        sys.exit("the two methods disagree")
    mean = mp.quad(lambda x: mp.expm1(exact.logs(x)[0]), mp.linspace(0, 20, 21))
    mean = -mean - mp.quad(lambda x: mp.exp(exact.logs(x)[0]), mp.linspace(-12, 0, 13))
    print("mean", mp.nstr(mean, 15), "(Bornemann 2010: -1.2065335745820)")
    with open(os.path.join(HERE, "checks.json"), "w") as f:
        json.dump({"mean": float(mean), "values": checks}, f, indent=1)
        f.write("\n")


def main():
    mp.dps = 60
    exact = Painleve()
    write_table(exact)
    mp.dps = 40
    write_checks(exact)


if __name__ == "__main__":
    main()
