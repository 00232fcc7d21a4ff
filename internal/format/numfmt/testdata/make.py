#!/usr/bin/env python3
"""Write tables.json: the values of the narrow number formats, by NumPy.

Run:  python3 internal/format/numfmt/testdata/make.py   (needs NumPy only)

The tables do not come from the formula of the format. The bits of a code are
moved into a binary32 (E5M2: into a binary16, whose upper byte it is), so the
processor's own decoder gives the value, subnormals included, up to a power of
two. The extremes that the specifications print are checked on the way.

Decoded matrices are too long to store: their SHA-256 is, over little-endian
float32. Their inputs come from splitmix64, which the test repeats.
"""
import hashlib
import json
import os
import numpy as np

M64 = (1 << 64) - 1
NAN = np.uint32(0x7FC00000)


def stream(seed, n):
    """The first n numbers of splitmix64 from seed."""
    with np.errstate(over="ignore"):
        z = np.arange(1, n + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z += np.uint64((seed * 0xD1B54A32D192ED03) & M64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


CODES = np.arange(256, dtype=np.uint32)


def shifted(fraction, bias):
    """sign | exponent | fraction moved to where a binary32 has them."""
    bits = (CODES & 0x80) << 24 | (CODES & 0x7F) << (23 - fraction)
    return (bits.view(np.float32).astype(np.float64) * 2.0 ** (127 - bias)).astype(np.float32)


def formats():
    e4m3 = shifted(3, 7)
    e4m3[[0x7F, 0xFF]] = np.nan
    e5m2 = (CODES << 8).astype(np.uint16).view(np.float16).astype(np.float32)
    e4m3z, e5m2z = shifted(3, 8), shifted(2, 16)
    e4m3z[0x80] = e5m2z[0x80] = np.nan
    e8m0 = (CODES << 23).view(np.float32).copy()
    e8m0[0], e8m0[255] = 2.0**-127, np.nan
    tables = {"F8_E4M3": e4m3, "F8_E5M2": e5m2, "F8_E4M3FNUZ": e4m3z, "F8_E5M2FNUZ": e5m2z, "F8_E8M0": e8m0}
    # name: largest finite, smallest normal (code), smallest subnormal, NaNs
    for name, largest, normal, code, least, nans in [
            ("F8_E4M3", 448, 2.0**-6, 0x08, 2.0**-9, 2), ("F8_E5M2", 57344, 2.0**-14, 0x04, 2.0**-16, 6),
            ("F8_E4M3FNUZ", 240, 2.0**-7, 0x08, 2.0**-10, 1), ("F8_E5M2FNUZ", 57344, 2.0**-15, 0x04, 2.0**-17, 1),
            ("F8_E8M0", 2.0**127, 2.0**-126, 0x01, 2.0**-127, 1)]:
        t = tables[name]
        finite = t[np.isfinite(t)]
        assert finite.max() == largest and t[code] == normal and finite[finite > 0].min() == least, name
        assert np.isnan(t).sum() == nans, name
        assert np.isinf(t).sum() == (2 if name == "F8_E5M2" else 0), name
    return tables


def digest(a):
    return hashlib.sha256(np.ascontiguousarray(a, dtype="<f4").tobytes()).hexdigest()


def scaled(tables):
    """Matrices of random numbers with random scales, of every grid."""
    rows, cols = 200, 300  # not multiples of 128
    out = []
    for k, (name, height, width) in enumerate([("F8_E4M3", 128, 128), ("F8_E5M2", rows, cols), ("F8_E4M3FNUZ", 1, cols),
                                               ("F8_E5M2FNUZ", 7, 64), ("F8_E4M3", 1, 1)]):
        t = tables[name]
        good = np.flatnonzero(np.isfinite(t)).astype(np.uint8)
        codes = good[stream(10 + k, rows * cols) % np.uint64(len(good))].reshape(rows, cols)
        grid = -(-rows // height), -(-cols // width)
        scales = ((stream(20 + k, grid[0] * grid[1]) >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-30)).reshape(grid)
        over = np.repeat(np.repeat(scales, height, 0), width, 1)[:rows, :cols]
        out.append({"format": name, "rows": rows, "cols": cols, "height": height, "width": width,
                    "seed": 10 + k, "scale_seed": 20 + k, "sha256": digest(t[codes] * over)})
    return out


def mxfp4():
    """E2M1 as the specification lists it, under the scales 100 to 149."""
    magnitudes = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0]
    values = np.array(magnitudes + [-v for v in magnitudes], dtype=np.float32)
    n = 50
    codes = (stream(40, 32 * n) >> np.uint64(60)).astype(np.uint8).reshape(n, 32)
    scales = np.arange(100, 100 + n)
    w = values[codes] * (2.0 ** (scales - 127.0)).astype(np.float32)[:, None]
    return {"blocks": n, "seed": 40, "first_scale": 100, "values": [float(v) for v in values], "sha256": digest(w)}


def main():
    tables = formats()
    out = {"numpy": np.__version__, "tables": {}, "scaled": scaled(tables), "mxfp4": mxfp4()}
    for name, t in tables.items():
        bits = np.where(np.isnan(t), NAN, t.view(np.uint32))
        out["tables"][name] = " ".join("%08x" % b for b in bits)
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "tables.json"), "w") as f:
        json.dump(out, f, indent=1)
        f.write("\n")


main()
