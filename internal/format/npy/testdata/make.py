#!/usr/bin/env python3
"""Write arrays as NumPy writes them, plain, in archives and in every version.

Run:  python3 internal/format/npy/testdata/make.py   (made with NumPy 1.24.2)

The elements of every numeric array count 0, 1, 2, … by rows, so that the test
needs no copy of them.
"""
import os
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))


def path(name):
    return os.path.join(HERE, name)


def count(shape, dtype="<f4"):
    return np.arange(int(np.prod(shape))).reshape(shape).astype(dtype)


def main():
    np.save(path("rows.npy"), count((3, 4)))
    np.save(path("columns.npy"), np.asfortranarray(count((3, 4))))
    for version in (1, 2, 3):
        with open(path(f"version{version}.npy"), "wb") as f:
            np.lib.format.write_array(f, count((2, 3), "<f8"), version=(version, 0))
    arrays = {
        "half": count((2, 3), "<f2"), "double": count((2, 3), "<f8"),
        "big": count((2, 3), ">f4"), "big_columns": np.asfortranarray(count((2, 3), ">f8")),
        "cube_columns": np.asfortranarray(count((2, 3, 4))), "vector": count((5,)), "scalar": np.float32(0),
        "empty": count((0, 4)), "row_columns": np.asfortranarray(count((1, 4))),
        "blocks/0/weight": count((64, 64)),
        "int8": count((2, 3), "i1"), "uint16": count((2, 3), "<u2"), "int64": count((2, 3), "<i8"),
        "bool": count((2, 1), "?"), "complex": count((2, 2), "<c8"),
        "raw": count((2, 3), "<u2").view("V2"), "text": np.array(["a", "bcd"]), "bytes": np.array([b"a", b"bcd"]),
        "time": np.array(["2024-01-01"], "M8[D]"), "records": np.zeros(2, [("a", "<f4"), ("b", "<i4", (2,))]),
        "object": np.array([{"a": 1}, None], object),
    }
    np.savez(path("stored.npz"), **arrays)
    np.savez_compressed(path("deflated.npz"), **arrays)


if __name__ == "__main__":
    main()
