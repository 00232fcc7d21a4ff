"""Medians of `go test -bench SVD`, one row a back-end, one column a shape, in ms.

Reads the output of any number of runs from standard input; a column's times are
followed by how many times the first row's they are.
"""

import re
import statistics
import sys

LINE = re.compile(r"BenchmarkSVD/(\d+x\d+)/(\S+?)(?:-\d+)?\s+\d+\s+([\d.]+) ns/op")


def main():
    times = {}
    for line in sys.stdin:
        if m := LINE.match(line):
            shape, run, ns = m.groups()
            times.setdefault(run, {}).setdefault(shape, []).append(float(ns) / 1e6)
    if not times:
        sys.exit("no line of BenchmarkSVD on standard input")
    shapes = list(dict.fromkeys(s for row in times.values() for s in row))
    counts = {len(v) for row in times.values() for v in row.values()}
    print("Medians of", " or ".join(map(str, sorted(counts))), "runs\n")
    print("| ms |", " | ".join(shapes), "|")
    print("|---|" + "---|" * len(shapes))
    first = next(iter(times))
    for run, row in times.items():
        cells = []
        for s in shapes:
            if s not in row:
                cells.append("")
                continue
            ms = statistics.median(row[s])
            base = statistics.median(times[first][s])
            cells.append(f"{ms:.3g}" if ms < 1000 else f"{ms:.0f}")
            if run != first:
                cells[-1] += f" ({ms / base:.2g}x)"
        print("|", run, "|", " | ".join(cells), "|")


main()
