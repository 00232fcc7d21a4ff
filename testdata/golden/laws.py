#!/usr/bin/env python3
"""Write laws.json: the Marchenko-Pastur law and the spiked model in 30 digits.

Run:  python3 testdata/golden/laws.py   (needs mpmath)

Nothing here uses the closed forms of the library: probabilities, moments and the
Stieltjes transform are quadratures of the density, the median is a root of such
a quadrature, shrinkers minimise the norm of the error, the hard threshold is where keeping a
value costs as much as dropping it, and the estimates of the noise solve their
equations as printed.
"""
import json
import os
from mpmath import mp, mpf, mpc, quad, sqrt, pi, findroot

mp.dps = 30
RATIOS = ["0.001", "0.01", "0.03125", "0.25", "0.5", "0.9", "0.999", "1", "1.5", "4", "1000"]
SIGMA = mpf("0.7")


def ends(ratio, sigma):
    r = sqrt(ratio)
    return sigma**2 * (1 - r) ** 2, sigma**2 * (1 + r) ** 2


def integral(f, ratio, sigma, to=None):
    """Integral of f(x) times the density, in x = lower + width sin(t)^2."""
    a, b = ends(ratio, sigma)
    end = pi / 2 if to is None else mp.asin(sqrt((to - a) / (b - a)))

    def g(t):
        s, c = mp.sin(t), mp.cos(t)
        x = a + (b - a) * s * s
        if x == 0:
            return mpf(0)
        return f(x) * (b - a) ** 2 * 2 * s * s * c * c / (2 * pi * ratio * sigma**2 * x)

    # The integrand changes fastest near t = |1 - sqrt(ratio)|, if that is small.
    knee = abs(1 - sqrt(ratio))
    points = [mpf(0)] + [p for p in (knee / 4, knee, 4 * knee) if 0 < p < end] + [end]
    return quad(g, points)


def law(ratio, sigma):
    a, b = ends(ratio, sigma)
    atom = max(mpf(0), 1 - 1 / ratio)
    points = []
    for f in ("0.001", "0.05", "0.3", "0.5", "0.8", "0.99", "0.9999"):
        x = a + (b - a) * mpf(f)
        density = sqrt((b - x) * (x - a)) / (2 * pi * ratio * sigma**2 * x)
        points.append({"x": float(x), "cdf": float(atom + integral(lambda _: 1, ratio, sigma, mpf(float(x)))),
                       "survival": float(integral(lambda _: 1, ratio, sigma) - integral(lambda _: 1, ratio, sigma, mpf(float(x)))),
                       "prob": float(density)})
    moments = [float(integral(lambda x: x**k, ratio, sigma)) for k in range(1, 7)]
    root = integral(sqrt, ratio, sigma)
    stieltjes = []
    for z in (mpc("0.3", "0.2"), mpc("-1", "0"), mpc("2", "-0.5"), mpc("1e6", "1")):
        g = integral(lambda x: 1 / (x - z), ratio, sigma) - (atom / z if atom else 0)
        stieltjes.append({"re": float(z.real), "im": float(z.imag), "g_re": float(g.real), "g_im": float(g.imag)})
    return {"ratio": float(ratio), "sigma": float(sigma), "points": points, "moments": moments,
            "sv_mean": float(root), "sv_variance": float(sigma**2 - root**2), "stieltjes": stieltjes}


def minimum(f, lo, hi):
    """Golden section, f convex."""
    g = (sqrt(mpf(5)) - 1) / 2
    for _ in range(130):
        c, d = hi - g * (hi - lo), lo + g * (hi - lo)
        if f(c) < f(d):
            hi = d
        else:
            lo = c
    return (lo + hi) / 2


def singular_values(p, q, r, s):
    """Of the 2x2 matrix [[p, q], [r, s]]."""
    e, d = p * p + q * q + r * r + s * s, abs(p * s - q * r)
    big = sqrt((e + sqrt(max(mpf(0), e * e - 4 * d * d))) / 2)
    return big, (d / big if big else big)


def spiked(beta, x):
    """Unit noise, scaled by 1/sqrt(m)."""
    y = sqrt((x + 1 / x) * (x + beta / x))
    c = sqrt((x**4 - beta) / (x**4 + beta * x**2))
    d = sqrt((x**4 - beta) / (x**4 + x**2))
    cs, ds = sqrt(1 - c * c), sqrt(1 - d * d)

    def error(eta):
        return singular_values(x - eta * c * d, -eta * c * ds, -eta * cs * d, -eta * cs * ds)

    return {"beta": float(beta), "x": float(x), "y": float(y), "left": float(c), "right": float(d),
            "frobenius": float(minimum(lambda e: sum(v * v for v in error(e)), mpf(0), y)),
            "operator": float(minimum(lambda e: error(e)[0], mpf(0), y)),
            "nuclear": float(minimum(lambda e: sum(error(e)), mpf(0), y))}


def hard_threshold(beta):
    def gap(x):  # keep: x^2 + y^2 - 2xy cd; drop: x^2
        y = sqrt((x + 1 / x) * (x + beta / x))
        cd = (x**4 - beta) / (x**2 * sqrt((x**2 + beta) * (x**2 + 1)))
        return y - 2 * x * cd

    x = findroot(gap, (beta ** mpf("0.25") * mpf("1.001"), mpf(3)), solver="anderson", tol=mpf(10) ** -40)
    return sqrt((x + 1 / x) * (x + beta / x))


def median(beta):
    a, b = ends(beta, mpf(1))
    lo, hi = a, b
    for _ in range(60):
        mid = (lo + hi) / 2
        lo, hi = (mid, hi) if integral(lambda _: 1, beta, mpf(1), mid) < mpf("0.5") else (lo, mid)
    return sqrt((lo + hi) / 2)


def edge(n, m):
    return sqrt(mpf(n)) + sqrt(mpf(m))


def kritchman_nadler(s, m):
    """Kritchman & Nadler 2008, equations 20 and 21, with the asymptotic edge."""
    n = len(s)
    lam = [v * v / m for v in s]
    for k in range(n):
        gamma = mpf(n - k) / m

        def gap(v):
            rest = sum(lam[k:])
            for x in lam[:k]:
                b = x + v - v * gamma
                rest += x - (b + sqrt(b * b - 4 * x * v)) / 2
            return (n - k) * v - rest

        start = sum(lam[k:]) / (n - k) * m / (m - k)
        sigma = sqrt(findroot(gap, (start, start * mpf("1.01"))))
        t = sigma * edge(n - k, m - k)
        if s[k] <= t:
            return sigma, t, k


def maximum_likelihood(s, m):
    """The middle 80 % of the bulk by density, the rest by number."""
    n, k = len(s), 0
    while True:
        bulk = [v / sqrt(mpf(m - k)) for v in s[k:]]
        cut = len(bulk) // 10
        ratio = mpf(n - k) / (m - k)
        middle = bulk[cut:len(bulk) - cut]

        def log_likelihood(theta):
            sigma = mp.exp(theta)
            a, b = ends(ratio, sigma)
            total = sum(mp.log(sqrt((b - y * y) * (y * y - a)) / (pi * ratio * sigma**2 * y)) for y in middle)
            one = integral(lambda _: 1, ratio, sigma)
            if cut:
                total += cut * mp.log(one - integral(lambda _: 1, ratio, sigma, middle[0] ** 2))
                total += cut * mp.log(integral(lambda _: 1, ratio, sigma, middle[-1] ** 2))
            return total

        low = mp.log(middle[0] / (1 + sqrt(ratio))) + mpf("1e-6")
        high = mp.log(middle[-1] / (1 - sqrt(ratio))) - mpf("1e-6")
        theta = minimum(lambda x: -log_likelihood(x), low, high)
        theta = findroot(lambda x: mp.diff(log_likelihood, x), (theta, theta + mpf("1e-6")), tol=mpf(10) ** -24)
        sigma = mp.exp(theta)
        t = sigma * edge(n - k, m - k)
        count = sum(1 for v in s if v > t)
        if count <= k:
            return sigma, t, k
        k = count


def estimates():
    """Estimates for four strong values and a bulk that is roughly of the law."""
    n, m = 34, 60
    s = [mpf(x) for x in (40, 30, 22, 17)]
    s += [mpf(float(3 + mpf("9.5") * (1 - mpf(i) / (n - 5)) ** mpf("0.9"))) for i in range(n - 4)]
    out = {"rows": n, "cols": m, "s": [float(v) for v in s]}
    for name, f in (("kn", kritchman_nadler), ("ml", maximum_likelihood)):
        sigma, t, k = f(s, m)
        out[name] = {"sigma": float(sigma), "threshold": float(t), "count": k}
    return out


def main():
    betas = [mpf(b) for b in ("0.03125", "0.25", "0.5", "1")]
    out = {
        "laws": [law(mpf(r), SIGMA) for r in RATIOS],
        "spiked": [spiked(b, b ** mpf("0.25") * mpf(f)) for b in betas for f in ("1.1", "1.5", "2", "5")],
        "estimates": estimates(),
        "thresholds": [{"beta": float(b), "known": float(hard_threshold(b)),
                        "unknown": float(hard_threshold(b) / median(b))} for b in betas],
    }
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "laws.json")
    with open(path, "w") as f:
        json.dump(out, f, indent=1)
        f.write("\n")
    print(path, out["thresholds"][-1], out["estimates"]["kn"], out["estimates"]["ml"])


if __name__ == "__main__":
    main()
