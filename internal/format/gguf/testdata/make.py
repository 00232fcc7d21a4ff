#!/usr/bin/env python3
"""Write quants.gguf: for every block format one tensor of quantised numbers, one
of random blocks (every code of every field), and what NumPy makes of each.

Run:  python3 internal/format/gguf/testdata/make.py   (needs NumPy only)
"""
import os
import numpy as np
import ggml

HERE = os.path.dirname(os.path.abspath(__file__))
# Where the blocks have binary16 numbers, which must be finite.
HALVES = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q2_K": [80, 82], "Q3_K": [108],
          "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "MXFP4": []}


def main():
    rng = np.random.Generator(np.random.PCG64(7))
    tensors = []
    for kind in ggml.BLOCKED:
        elements, size = ggml.SIZES[kind]
        x = rng.standard_normal((2, 512)).astype(np.float32)
        raw = ggml.quantise(kind, x)
        # A packer that puts a code in the wrong place cannot come back near x.
        y = ggml.dequantise(kind, raw).reshape(x.shape)
        error = np.sqrt(np.mean((y - x) ** 2))
        assert error < {"Q2_K": 0.35, "Q3_K": 0.2, "MXFP4": 0.2}.get(kind, 0.1), (kind, error)
        b = rng.integers(0, 256, (max(1, 256 // elements), size), dtype=np.uint8)
        for at in HALVES[kind]:
            b[:, at + 1] &= 0xBB  # not all ones in the exponent
        if kind == "MXFP4":
            b[:, 0] = np.arange(123, 131)
        for name, blocks in [("quantised", raw), ("random", b.tobytes())]:
            y = ggml.dequantise(kind, blocks)
            assert np.isfinite(y).all(), kind
            shape = (2, 512) if name == "quantised" else (len(y),)
            tensors.append(("%s.%s" % (kind, name), kind, shape, blocks))
            tensors.append(("%s.%s.expected" % (kind, name), "F32", shape, y.astype("<f4").tobytes()))
    metadata = {"general.architecture": "llama", "general.name": "blocks", "llama.block_count": 1, "llama.rope.freq_base": 10000.0,
                "tokenizer.ggml.tokens": ["<s>", "a", "é"], "tokenizer.ggml.scores": [0.0, -1.0, 2.0], "general.tie": True}
    with open(os.path.join(HERE, "quants.gguf"), "wb") as f:
        f.write(ggml.file(tensors, metadata))


main()
