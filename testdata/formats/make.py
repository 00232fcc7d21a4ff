#!/usr/bin/env python3
"""Write one small model in every format, and expected.json: what NumPy float64
says of the weights that each file decodes to.

Run:  python3 testdata/formats/make.py   (needs NumPy and PyTorch 1.13)

All come from one seeded float32 source. The decoders are NumPy's, PyTorch's or
those of internal/format/gguf/testdata/ggml.py and the tables of internal/format/numfmt; none is
spectrum's. Every format must come back near the source.
"""
import json
import os
import struct
import sys
import numpy as np
import torch

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
sys.path.insert(0, os.path.join(ROOT, "internal", "format", "gguf", "testdata"))
import ggml  # noqa: E402

Q, K = "model.layers.0.self_attn.q_proj.weight", "model.layers.0.self_attn.k_proj.weight"
NORM = "model.norm.weight"
CONFIG = {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 256}


def source():
    rng = np.random.Generator(np.random.PCG64(20240606))
    w = {}
    for name, rows in ((Q, 16), (K, 8)):
        spikes = rng.standard_normal((rows, 3)) @ rng.standard_normal((3, 256)) * 0.3
        # Rows of growing size spread the values, so that some are noise.
        size = np.linspace(1 / rows, 1, rows)[:, None] * 0.05
        w[name] = ((rng.standard_normal((rows, 256)) + spikes) * size).astype(np.float32)
    return w


SOURCE = source()
VECTOR = np.linspace(0.5, 1.5, 256, dtype=np.float32)


def tables():
    with open(os.path.join(ROOT, "internal", "format", "numfmt", "testdata", "tables.json")) as f:
        text = json.load(f)["tables"]
    return {k: np.array([int(x, 16) for x in v.split()], dtype=np.uint32).view(np.float32) for k, v in text.items()}


TABLES = tables()


def safetensors(path, tensors):
    """tensors: name → (dtype, shape, bytes)"""
    header, at = {}, 0
    for name, (dtype, shape, raw) in tensors.items():
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [at, at + len(raw)]}
        at += len(raw)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(raw for _, _, raw in tensors.values()))


def directory(name, config=None):
    path = os.path.join(HERE, name)
    os.makedirs(path, exist_ok=True)
    if config is not None:
        with open(os.path.join(path, "config.json"), "w") as f:
            json.dump(config, f)
            f.write("\n")
    return path


def index(path, stem, where):
    with open(os.path.join(path, stem + ".index.json"), "w") as f:
        json.dump({"metadata": {"total_size": 1}, "weight_map": where}, f)
        f.write("\n")


EXPECTED = {}


def measure(w):
    """The default analysis: IQR noise scale, ratio of sums."""
    s = np.linalg.svd(w.astype(np.float64), compute_uv=False)
    q75, q25 = np.quantile(s, [0.75, 0.25])
    sigma = (q75 - q25) / 1.349
    t = sigma * (1 + np.sqrt(min(w.shape) / max(w.shape)))
    signal, noise = s[s > t], s[s <= t]
    return {"rows": w.shape[0], "cols": w.shape[1], "s_max": s[0], "s_min": s[-1], "sigma": sigma, "threshold": t,
            "signal": len(signal), "noise": len(noise), "snr": signal.sum() / noise.sum() / s[0] if len(noise) else "Infinity",
            "frobenius": np.linalg.norm(w.astype(np.float64))}


def expect(model, dtype, weights, bound):
    """bound is the largest error of the format, relative to the norm."""
    EXPECTED[model] = {}
    for name, (w, original) in weights.items():
        assert w.dtype == np.float32 or w.dtype == np.float64, w.dtype
        error = np.linalg.norm(w.astype(np.float64) - original) / np.linalg.norm(original)
        assert error <= bound, (model, name, error)
        EXPECTED[model][name] = dict(measure(w), dtype=dtype, exact=bool(error == 0))


def same(decoded):
    return {name: (decoded[name], SOURCE[name]) for name in (Q, K)}


# --- plain types in safetensors ---

def plain():
    for kind, bound in (("F64", 0), ("F32", 0), ("F16", 1e-3), ("BF16", 4e-3)):
        raw = {n: ggml.quantise(kind, w) for n, w in SOURCE.items()}
        path = directory("safetensors-" + kind, CONFIG)
        tensors = {n: (kind, SOURCE[n].shape, r) for n, r in raw.items()}
        tensors[NORM] = ("F32", VECTOR.shape, VECTOR.tobytes())
        safetensors(os.path.join(path, "model.safetensors"), tensors)
        decoded = {n: ggml.dequantise(kind, r).reshape(SOURCE[n].shape) for n, r in raw.items()}
        expect("safetensors-" + kind, kind, same(decoded), bound)
    path = directory("sharded", CONFIG)
    for i, n in enumerate((Q, K)):
        safetensors(os.path.join(path, "model-%05d-of-00002.safetensors" % (i + 1)), {n: ("F32", SOURCE[n].shape, SOURCE[n].tobytes())})
    index(path, "model.safetensors", {n: "model-%05d-of-00002.safetensors" % (i + 1) for i, n in enumerate((Q, K))})
    expect("sharded", "F32", same(SOURCE), 0)


# --- 8-bit floats ---

def nearest(table, x):
    t = np.where(np.isfinite(table), table, np.float32(1e30))
    return np.abs(x.reshape(-1, 1).astype(np.float64) - t).argmin(1).astype(np.uint8).reshape(x.shape)


def eight(model, kind, grid, ending, scale_type="F32", quantization=None):
    """grid(rows, cols) is the block size, or None for weights without a scale."""
    table = TABLES[kind]
    largest = np.abs(table[np.isfinite(table)]).max()
    config = dict(CONFIG)
    if quantization:
        config["quantization_config"] = quantization
    path = directory(model, config)
    tensors, decoded, originals = {}, {}, {}
    for n, w in SOURCE.items():
        originals[n] = w.astype(np.float64)
        if grid is None:
            codes = nearest(table, w)
            tensors[n] = (kind, w.shape, codes.tobytes())
            decoded[n] = table[codes]
            continue
        h, b = grid(*w.shape)
        rows, cols = -(-w.shape[0] // h), -(-w.shape[1] // b)
        padded = np.zeros((rows * h, cols * b), np.float32)
        padded[:w.shape[0], :w.shape[1]] = w
        scale = np.abs(padded.reshape(rows, h, cols, b)).max((1, 3)) / largest
        if scale_type == "F8_E8M0":
            e = np.ceil(np.log2(scale)).astype(int)
            scale, raw = (2.0 ** e).astype(np.float32), (e + 127).astype(np.uint8).tobytes()
        elif scale_type == "BF16":
            bits = ggml.to_bf16(scale.astype(np.float32))
            scale, raw = (bits.astype(np.uint32) << 16).view(np.float32), bits.tobytes()
        else:
            scale = scale.astype(np.float32)
            raw = scale.tobytes()
        over = np.repeat(np.repeat(scale, h, 0), b, 1)[:w.shape[0], :w.shape[1]]
        codes = nearest(table, w / over)
        tensors[n] = (kind, w.shape, codes.tobytes())
        shape = () if rows * cols == 1 else (rows, cols)
        tensors[n + ending] = (scale_type, shape, raw)
        decoded[n] = table[codes] * over
    safetensors(os.path.join(path, "model.safetensors"), tensors)
    # Without a scale the smallest weights are lost below the format's range.
    expect(model, kind, same(decoded), 0.1 if grid is None else 0.05 if "E4M3" in kind else 0.08)


def eights():
    fp8 = {"quant_method": "fp8", "weight_block_size": [8, 128], "activation_scheme": "dynamic"}
    eight("fp8-blocks", "F8_E4M3", lambda r, c: (8, 128), "_scale_inv", quantization=fp8)
    eight("fp8-blocks-128", "F8_E4M3", lambda r, c: (128, 128), "_scale_inv")
    eight("fp8-blocks-e8m0", "F8_E4M3", lambda r, c: (8, 128), "_scale_inv", "F8_E8M0", fp8)
    eight("fp8-tensor", "F8_E5M2", lambda r, c: (r, c), "_scale")
    eight("fp8-rows", "F8_E4M3", lambda r, c: (1, c), "_scale", "BF16", {"quant_method": "compressed-tensors"})
    eight("fp8-fnuz", "F8_E4M3FNUZ", lambda r, c: (r, c), "_scale")
    eight("fp8-fnuz-e5m2", "F8_E5M2FNUZ", lambda r, c: (8, 128), "_scale_inv", quantization=fp8)
    eight("fp8-bare", "F8_E5M2", None, "")


# --- MXFP4 as gpt-oss has it: two experts, of the even and the odd rows of q_proj ---

def mxfp4():
    w = np.stack([SOURCE[Q][0::2], SOURCE[Q][1::2]])
    raw = np.frombuffer(ggml.quantise("MXFP4", w), np.uint8).reshape(2, 8, 8, 17)
    codes = np.concatenate([raw[..., 1:] & 15, raw[..., 1:] >> 4], -1)  # in ggml's order: lower halves first
    blocks = codes[..., 0::2] | codes[..., 1::2] << 4  # in gpt-oss's: neighbours in a byte
    name = "model.layers.0.mlp.experts.down_proj"
    path = directory("mxfp4", {"model_type": "gpt_oss", "hidden_size": 8, "quantization_config": {"quant_method": "mxfp4"}})
    safetensors(os.path.join(path, "model.safetensors"), {
        name + "_blocks": ("U8", blocks.shape, blocks.tobytes()),
        name + "_scales": ("U8", raw.shape[:3], raw[..., 0].tobytes()),
        name + "_bias": ("BF16", (2, 8), bytes(32))})
    y = ggml.dequantise("MXFP4", raw.tobytes()).reshape(2, 8, 256)
    expect("mxfp4", "MXFP4", {name.replace("experts", "experts.%d" % i): (y[i], w[i]) for i in range(2)}, 0.2)


# --- GGUF ---

def gguf():
    names = {Q: "blk.0.attn_q.weight", K: "blk.0.attn_k.weight"}
    meta = {"general.architecture": "llama", "general.name": "formats", "llama.block_count": 1}
    bounds = {"F32": 0, "F16": 1e-3, "BF16": 4e-3, "Q8_0": 0.02, "Q5_0": 0.06, "Q5_1": 0.06, "Q4_0": 0.15, "Q4_1": 0.12, "Q6_K": 0.04,
              "Q5_K": 0.06, "Q4_K": 0.1, "Q3_K": 0.25, "Q2_K": 0.4, "MXFP4": 0.2}
    for kind, bound in bounds.items():
        raw = {n: ggml.quantise(kind, w) for n, w in SOURCE.items()}
        tensors = [(names[n], kind, SOURCE[n].shape, r) for n, r in raw.items()]
        tensors.append(("output_norm.weight", "F32", VECTOR.shape, VECTOR.tobytes()))
        model = "gguf-%s.gguf" % kind
        with open(os.path.join(HERE, model), "wb") as f:
            f.write(ggml.file(tensors, meta, version=2 if kind == "F16" else 3, alignment=64 if kind == "F32" else 32))
        decoded = {n: ggml.dequantise(kind, r).reshape(SOURCE[n].shape) for n, r in raw.items()}
        expect(model, kind, same(decoded), bound)
    path = directory("gguf-split")
    for i, n in enumerate((Q, K)):
        with open(os.path.join(path, "model-%05d-of-00002.gguf" % (i + 1)), "wb") as f:
            f.write(ggml.file([(names[n], "F32", SOURCE[n].shape, SOURCE[n].tobytes())], dict(meta, **{"split.no": i, "split.count": 2})))
    expect("gguf-split", "F32", same(SOURCE), 0)


# --- PyTorch ---

def pytorch():
    q, k = (torch.from_numpy(SOURCE[n].copy()) for n in (Q, K))
    norm = torch.from_numpy(VECTOR.copy())
    torch.save({Q: q, K: k, NORM: norm}, os.path.join(directory("torch", CONFIG), "pytorch_model.bin"))
    expect("torch", "F32", same(SOURCE), 0)
    torch.save({"state_dict": {Q: torch.nn.Parameter(q.bfloat16()), K: k.t().contiguous().t().bfloat16()}, "epoch": 3},
               os.path.join(HERE, "torch-views.pt"))
    expect("torch-views.pt", "BF16", same({n: torch.from_numpy(SOURCE[n]).bfloat16().float().numpy() for n in (Q, K)}), 4e-3)
    path = directory("torch-sharded", CONFIG)
    torch.save({Q: q, NORM: norm}, os.path.join(path, "pytorch_model-00001-of-00002.bin"))
    both = torch.cat([k.half(), k.half()], 1)
    torch.save({K: both[:, 256:]}, os.path.join(path, "pytorch_model-00002-of-00002.bin"))
    index(path, "pytorch_model.bin", {Q: "pytorch_model-00001-of-00002.bin", NORM: "pytorch_model-00001-of-00002.bin",
                                      K: "pytorch_model-00002-of-00002.bin"})
    expect("torch-sharded", "F32", {Q: (SOURCE[Q], SOURCE[Q])}, 0)
    EXPECTED["torch-sharded"][K] = dict(measure(k.half().float().numpy()), dtype="F16", exact=False)


def main():
    plain()
    eights()
    mxfp4()
    gguf()
    pytorch()
    with open(os.path.join(HERE, "expected.json"), "w") as f:
        json.dump({"numpy": np.__version__, "torch": torch.__version__, "models": EXPECTED}, f, indent=1)
        f.write("\n")


main()
