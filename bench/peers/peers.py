#!/usr/bin/env python3
"""Time spectrum beside PyTorch and NumPy on the same matrices.

    apt-get install -y python3-numpy python3-torch libopenblas0-pthread
    /usr/bin/python3 bench/peers/peers.py [--rounds 5] [--shapes 4096x14336,4096x4096] [--families spikes16,heavy20] [--svd] [--backend native/avx2]

Each round runs every contender once, in turn, with a rest in between so that
none pays for threads that another left spinning; medians and their ratios are
printed. W is noise and signal, rounded to bfloat16, of one of these families, the first of
which are like the weights of trained models:

    spikesN    noise with 24 spikes from N times its edge to a tenth of that
    heavyN     noise of log-normal sizes of rows and columns (standard deviation 0.3) with 200
               directions that fall as k^-0.7 from N times its edge
    friendly   noise with eight spikes from 1.3 to three times its edge

The peers get it converted to their type beforehand: only the computation is timed.

    svdvals    torch.linalg.svdvals(W), float32: what the reference runs
    gram+eig   numpy.linalg.eigvalsh(W @ W.T), float64
    svd        numpy.linalg.svd(W, compute_uv=False), float64 (with --svd)
    eigvalsh   numpy.linalg.eigvalsh of the Gram matrix alone (LAPACK dsyevd), square shapes
"""
import argparse
import ctypes
import json
import os
import platform
import statistics
import struct
import subprocess
import sys
import tempfile
import time

THREADS = str(len(os.sched_getaffinity(0)))
os.environ.setdefault("OPENBLAS_NUM_THREADS", THREADS)
os.environ.setdefault("OMP_NUM_THREADS", THREADS)

import numpy as np  # noqa: E402
import torch  # noqa: E402

torch.set_num_threads(int(THREADS))


SIGMA = 0.02  # of an element of the noise


def signal(rng, rows, cols, strengths):
    """Directions at random, not orthogonal, of the given strengths in units of the edge of the noise."""
    edge = SIGMA * (np.sqrt(rows) + np.sqrt(cols))
    u, v = rng.standard_normal((rows, len(strengths))), rng.standard_normal((len(strengths), cols))
    return ((u * (edge * np.asarray(strengths) / np.sqrt(rows * cols))) @ v).astype(np.float32)


def matrix(rows, cols, family):
    """Float32 values that bfloat16 holds exactly, and their 16-bit patterns."""
    rng = np.random.default_rng(rows * 100003 + cols)
    w = rng.standard_normal((rows, cols), dtype=np.float32) * np.float32(SIGMA)
    if family.startswith("spikes"):
        top = float(family[len("spikes"):])
        w += signal(rng, rows, cols, np.linspace(top, top / 10, 24))
    elif family.startswith("heavy"):
        w *= np.exp(0.3 * rng.standard_normal((rows, 1))).astype(np.float32)
        w *= np.exp(0.3 * rng.standard_normal((1, cols))).astype(np.float32)
        w += signal(rng, rows, cols, float(family[len("heavy"):]) * np.arange(1, 201) ** -0.7)
    elif family == "friendly":
        w += signal(rng, rows, cols, 1.3 + 0.24 * np.arange(8))
    else:
        raise SystemExit(f"no family {family}")
    bits = w.view(np.uint32)
    half = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
    return (half.astype(np.uint32) << 16).view(np.float32), half


def write_safetensors(path, tensors):
    header, end = {}, 0
    for name, half in tensors.items():
        header[name] = {"dtype": "BF16", "shape": list(half.shape), "data_offsets": [end, end + half.nbytes]}
        end += half.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for half in tensors.values():
            half.astype("<u2").tofile(f)


class Ours:
    def __init__(self, binary, path, backend):
        self.p = subprocess.Popen([binary, path, backend], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, what):
        self.p.stdin.write(what + "\n")
        self.p.stdin.flush()
        return json.loads(self.p.stdout.readline())

    def close(self):
        self.p.stdin.close()
        self.p.wait()


def settle():
    """Let the threads of the last contender stop spinning: OpenBLAS and OpenMP keep theirs busy for a while."""
    time.sleep(0.3)


def timed(f):
    settle()
    t = time.perf_counter()
    f()
    return time.perf_counter() - t


def snr(s, rows, cols):
    s = np.asarray(s, dtype=np.float64)
    t = (np.quantile(s, 0.75) - np.quantile(s, 0.25)) / 1.349 * (1 + np.sqrt(min(rows, cols) / max(rows, cols)))
    noise = s[s <= t].sum()
    return s[s > t].sum() / noise / s.max() if noise > 0 else np.inf


def off(ours, exact):
    """Relative distance of two scores; both may be infinite."""
    ours = float(ours)
    return 0.0 if ours == exact else abs(ours / exact - 1)


def bench(binary, rows, cols, family, rounds, with_svd, backend):
    w32, half = matrix(rows, cols, family)
    tall = w32 if rows >= cols else w32.T
    w64 = np.ascontiguousarray(tall.T, dtype=np.float64)  # n×m
    t32 = torch.from_numpy(np.ascontiguousarray(w32))
    runs = {
        "svdvals": lambda: torch.linalg.svdvals(t32),
        "gram+eig": lambda: np.linalg.eigvalsh(w64 @ w64.T),
    }
    if with_svd:
        runs["svd"] = lambda: np.linalg.svd(w64, compute_uv=False)
    if rows == cols:
        g = w64 @ w64.T
        runs["eigvalsh"] = lambda: np.linalg.eigvalsh(g)
    times = {}
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, "w.safetensors")
        write_safetensors(path, {"w.weight": half})
        ours = Ours(binary, path, backend)
        own = ["auto", "float64"] + (["eigen64"] if rows == cols else [])
        last = {what: ours.run(what) for what in own}  # warm up
        exact = snr(np.sqrt(np.maximum(np.linalg.eigvalsh(w64 @ w64.T), 0)), rows, cols)
        for _ in range(rounds):
            for what in own:
                settle()
                last[what] = ours.run(what)
                times.setdefault(what, []).append(last[what]["seconds"])
            for name, f in runs.items():
                times.setdefault(name, []).append(timed(f))
        ours.close()
    print(f"\n## {family} {rows}x{cols} bf16, {rounds} rounds\n")
    print("| run | median s | min | max |\n|---|---|---|---|")
    medians = {}
    for name, t in times.items():
        medians[name] = statistics.median(t)
        print(f"| {name} | {medians[name]:.4f} | {min(t):.4f} | {max(t):.4f} |")
    print("\n| ours | arithmetic | against svdvals | against gram+eig | SNR off by | bound |\n|---|---|---|---|---|---|")
    for what in ("auto", "float64"):
        a = last[what]
        print(f"| {what} | {a['kernel']} {a['precision']} | {medians['svdvals'] / medians[what]:.2f}x | "
              f"{medians['gram+eig'] / medians[what]:.2f}x | {off(a['snr'], exact):.1e} | {float(a['snr_error']):.1e} |")
    if "eigen64" in medians:
        print(f"\neigenvalue stage alone, float64: {medians['eigvalsh'] / medians['eigen64']:.2f}x of dsyevd")
    sys.stdout.flush()


# Parts of models, as types of layers with their shapes and their family: what --whole times.
BLOCK = {"self_attn.q_proj": (4096, 4096), "self_attn.k_proj": (1024, 4096), "self_attn.v_proj": (1024, 4096), "self_attn.o_proj": (4096, 4096),
         "mlp.gate_proj": (14336, 4096), "mlp.up_proj": (14336, 4096), "mlp.down_proj": (4096, 14336)}
WHOLE = {
    "block": [(f"model.layers.0.{name}.weight", shape, "spikes16") for name, shape in BLOCK.items()],
    "experts": [(f"model.layers.0.mlp.experts.{i}.up_proj.weight", (768, 2048), "heavy4") for i in range(32)],
    "experts2": [(f"model.layers.0.mlp.experts.{i}.up_proj.weight", (2048, 7168), "heavy6") for i in range(6)],
}


def whole(command, name, rounds):
    """The whole command on a part of a model, reading and writing included, beside the bare calls of the peers."""
    tensors, floats = {}, {}
    for tensor, (rows, cols), family in WHOLE[name]:
        floats[tensor], tensors[tensor] = matrix(rows, cols, family)
    times = {"spectrum scan": [], "svdvals": [], "gram+eig": []}
    with tempfile.TemporaryDirectory() as d:
        write_safetensors(os.path.join(d, "model.safetensors"), tensors)
        with open(os.path.join(d, "config.json"), "w") as f:
            json.dump({"model_type": "llama", "num_hidden_layers": 1, "hidden_size": 4096}, f)
        result = os.path.join(d, "result.json")
        scan = lambda: subprocess.run([command, "scan", d, "--progress", "none", "-o", result], check=True, capture_output=True)  # noqa: E731
        scan()  # warm up
        for _ in range(rounds):
            times["spectrum scan"].append(timed(scan))
            torch_seconds = numpy_seconds = 0
            settle()
            for w in floats.values():
                t = torch.from_numpy(np.ascontiguousarray(w))
                began = time.perf_counter()
                torch.linalg.svdvals(t)
                torch_seconds += time.perf_counter() - began
            settle()
            for w in floats.values():
                x = np.ascontiguousarray(w if w.shape[0] <= w.shape[1] else w.T, dtype=np.float64)
                began = time.perf_counter()
                np.linalg.eigvalsh(x @ x.T)
                numpy_seconds += time.perf_counter() - began
            times["svdvals"].append(torch_seconds)
            times["gram+eig"].append(numpy_seconds)
        with open(result) as f:
            rows = json.load(f)["layers"]
    again = sum(row["precision"] == "float64" for row in rows)
    medians = {k: statistics.median(v) for k, v in times.items()}
    print(f"\n## {name}: {len(rows)} matrices, the whole command, {rounds} rounds\n")
    print("| run | median s | min | max |\n|---|---|---|---|")
    for k, v in times.items():
        print(f"| {k} | {medians[k]:.2f} | {min(v):.2f} | {max(v):.2f} |")
    ours = medians["spectrum scan"]
    print(f"\n{medians['svdvals'] / ours:.2f}x of svdvals, {medians['gram+eig'] / ours:.2f}x of gram+eig; "
          f"{again} of {len(rows)} in float64; largest bound {max(float(row['snr_error']) for row in rows):.1e}")
    sys.stdout.flush()


def cpu():
    with open("/proc/cpuinfo") as f:
        return next((line.split(":")[1].strip() for line in f if line.startswith("model name")), platform.machine())


def openblas_core():
    """The CPU whose kernels OpenBLAS chose, or None without OpenBLAS."""
    with open("/proc/self/maps") as f:
        paths = {line.split(maxsplit=5)[5].strip() for line in f if "libopenblas" in line}
    if not paths:
        return None
    if len(paths) > 1:
        sys.exit(f"NumPy and PyTorch brought more than one OpenBLAS: {sorted(paths)}")
    name = ctypes.CDLL(paths.pop()).openblas_get_corename
    name.restype = ctypes.c_char_p
    return name().decode()


def insist_on_vectors(core):
    """Start again with the kernels that this CPU has when OpenBLAS, too old to
    know it, chose those of 2004: nobody should win by that."""
    with open("/proc/cpuinfo") as f:
        flags = next((set(line.split()) for line in f if line.startswith("flags")), set())
    best = next((c for c, need in (("SkylakeX", "avx512dq"), ("Haswell", "avx2")) if need in flags), None)
    if core == "Prescott" and best and "OPENBLAS_CORETYPE" not in os.environ:
        os.environ["OPENBLAS_CORETYPE"] = best
        os.execv(sys.executable, [sys.executable, *sys.argv])


def main():
    core = openblas_core()
    insist_on_vectors(core)
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--shapes", default="4096x14336,4096x4096,1024x4096,16032x4096,2048x7168,1408x2048,768x2048")
    p.add_argument("--families", default="spikes16,heavy20,heavy5,friendly")
    p.add_argument("--whole", default="", help="only parts of models, with the whole command: " + ",".join(WHOLE))
    p.add_argument("--svd", action="store_true", help="time numpy.linalg.svd too")
    p.add_argument("--backend", default="native", help="ours: native, native/avx2, gonum…")
    args = p.parse_args()
    repo = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    with tempfile.TemporaryDirectory() as d:
        binary = os.path.join(d, "peers")
        subprocess.run(["go", "build", "-o", binary, "./bench/peers"], cwd=repo, check=True)
        go = subprocess.run(["go", "version"], capture_output=True, text=True, check=True).stdout.split()[2]
        print(f"{cpu()}, {THREADS} threads; {go}, Python {platform.python_version()}, "
              f"NumPy {np.__version__}, PyTorch {torch.__version__}, "
              f"OpenBLAS {core}{' by OPENBLAS_CORETYPE' if 'OPENBLAS_CORETYPE' in os.environ else ''}")
        if args.whole:
            command = os.path.join(d, "spectrum")
            subprocess.run(["go", "build", "-o", command, "./cmd/spectrum"], cwd=repo, check=True)
            for name in args.whole.split(","):
                whole(command, name, args.rounds)
            return
        for family in args.families.split(","):
            for shape in args.shapes.split(","):
                rows, cols = map(int, shape.split("x"))
                bench(binary, rows, cols, family, args.rounds, args.svd, args.backend)


if __name__ == "__main__":
    main()
