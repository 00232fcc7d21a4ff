"""ggml's block formats in NumPy: quantise a float32 array and turn blocks back.

Written from the structures of ggml-common.h and the reference loops of
ggml-quants.c. Quantising takes the plainest choice of scales, not ggml's
search; turning back follows the reference to the last bit: float32, every
product rounded.
"""
import struct
import numpy as np

f4 = np.float32
TYPES = {"F32": 0, "F16": 1, "Q4_0": 2, "Q4_1": 3, "Q5_0": 6, "Q5_1": 7, "Q8_0": 8, "Q2_K": 10, "Q3_K": 11, "Q4_K": 12,
         "Q5_K": 13, "Q6_K": 14, "F64": 28, "BF16": 30, "MXFP4": 39, "IQ2_XXS": 16, "I32": 26}
BLOCKED = ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "MXFP4"]
SIZES = {"Q4_0": (32, 18), "Q4_1": (32, 20), "Q5_0": (32, 22), "Q5_1": (32, 24), "Q8_0": (32, 34), "Q2_K": (256, 84),
         "Q3_K": (256, 110), "Q4_K": (256, 144), "Q5_K": (256, 176), "Q6_K": (256, 210), "MXFP4": (32, 17)}
E2M1 = np.array([0, .5, 1, 1.5, 2, 3, 4, 6, -0.0, -.5, -1, -1.5, -2, -3, -4, -6], dtype=f4)


def u8(a):
    return np.ascontiguousarray(a).view(np.uint8).reshape(len(a), -1)


def half(a):
    return np.asarray(a, dtype=np.float16)


def from_half(b):
    """One binary16 in each row of two bytes."""
    return np.ascontiguousarray(b).view(np.float16).astype(f4)


def divide(x, d):
    """x/d, 0 where d is."""
    return np.where(d == 0, 0, x / np.where(d == 0, 1, d))


def codes(x, low, high):
    return np.clip(np.rint(x), low, high).astype(np.int32)


# --- quantise: blocks of x (n × elements) to bytes (n × size) ---

def fifth(q):
    """The bits of weight 16 of n × 32 codes, as n × 4 bytes."""
    return np.packbits((q >> 4 & 1).astype(np.uint8), axis=1, bitorder="little")


def nibbles(q):
    return ((q[:, :16] & 15) | (q[:, 16:] & 15) << 4).astype(np.uint8)


def pack_small(kind, x):
    largest = np.take_along_axis(x, np.abs(x).argmax(1)[:, None], 1)
    if kind == "Q8_0":
        d = half(np.abs(largest) / 127)
        return np.hstack([u8(d), codes(divide(x, d.astype(f4)), -127, 127).astype(np.int8).view(np.uint8)])
    if kind in ("Q4_0", "Q5_0"):
        mid = 8 if kind == "Q4_0" else 16
        d = half(largest / -mid)
        q = codes(divide(x, d.astype(f4)) + mid, 0, 2 * mid - 1)
        return np.hstack([u8(d)] + ([fifth(q)] if mid == 16 else []) + [nibbles(q)])
    if kind in ("Q4_1", "Q5_1"):
        top = 15 if kind == "Q4_1" else 31
        m = half(x.min(1, keepdims=True))
        d = half((x.max(1, keepdims=True) - m.astype(f4)) / top)
        q = codes(divide(x - m.astype(f4), d.astype(f4)), 0, top)
        return np.hstack([u8(d), u8(m)] + ([fifth(q)] if top == 31 else []) + [nibbles(q)])
    # MXFP4: the power of two that brings the largest below 6 or so, as OCP MX says.
    e = np.clip(np.floor(np.log2(np.maximum(np.abs(largest), 2.0**-120))) - 2 + 127, 0, 254).astype(np.int32)
    scaled = x / (2.0 ** (e - 127.0))
    q = np.abs(scaled[:, :, None] - E2M1[None, None, :]).argmin(2)
    return np.hstack([e.astype(np.uint8), nibbles(q)])


def six(scales, minima):
    """Eight scales and minima of 6 bits in 12 bytes (get_scale_min_k4)."""
    out = np.zeros((len(scales), 12), dtype=np.uint8)
    out[:, 0:4] = scales[:, :4] | (scales[:, 4:] >> 4) << 6
    out[:, 4:8] = minima[:, :4] | (minima[:, 4:] >> 4) << 6
    out[:, 8:12] = (scales[:, 4:] & 15) | (minima[:, 4:] & 15) << 4
    return out


def two_bits(q):
    """256 codes of 2 bits in 64 bytes: byte 32a+j has 128a + (j, 32+j, 64+j, 96+j)."""
    q = q.reshape(-1, 2, 4, 32) & 3
    return (q[:, :, 0] | q[:, :, 1] << 2 | q[:, :, 2] << 4 | q[:, :, 3] << 6).reshape(-1, 64).astype(np.uint8)


def pack_k(kind, x):
    n = len(x)
    if kind in ("Q2_K", "Q4_K", "Q5_K"):
        subs, top, most = {"Q2_K": (16, 3, 15), "Q4_K": (8, 15, 63), "Q5_K": (8, 31, 63)}[kind]
        s = x.reshape(n, subs, -1)
        low = np.minimum(s.min(2), 0)
        scale = (s.max(2) - low) / top
        d, dmin = half(scale.max(1, keepdims=True) / most), half((-low).max(1, keepdims=True) / most)
        sc = codes(divide(scale, d.astype(f4)), 0, most)
        mn = codes(divide(-low, dmin.astype(f4)), 0, most)
        dl, ml = d.astype(f4) * sc, dmin.astype(f4) * mn
        q = codes(divide(s + ml[:, :, None], dl[:, :, None]), 0, top).reshape(n, 256)
        if kind == "Q2_K":
            return np.hstack([(sc | mn << 4).astype(np.uint8), two_bits(q), u8(d), u8(dmin)])
        pairs = q.reshape(n, 4, 2, 32)
        low4 = ((pairs[:, :, 0] & 15) | (pairs[:, :, 1] & 15) << 4).reshape(n, 128).astype(np.uint8)
        parts = [u8(d), u8(dmin), six(sc, mn)]
        if kind == "Q5_K":
            high = (q.reshape(n, 8, 32) >> 4 << np.arange(8)[None, :, None]).sum(1)
            parts.append(high.astype(np.uint8))
        return np.hstack(parts + [low4])
    s = x.reshape(n, 16, 16)
    mid, most = {"Q3_K": (4, 31), "Q6_K": (32, 127)}[kind]
    scale = np.abs(s).max(2) / mid
    d = half(scale.max(1, keepdims=True) / most)
    sc = codes(divide(scale, d.astype(f4)), -most, most)
    q = codes(divide(s, (d.astype(f4) * sc)[:, :, None]) + mid, 0, 2 * mid - 1).reshape(n, 256)
    if kind == "Q3_K":
        hmask = (q.reshape(n, 8, 32) >> 2 << np.arange(8)[None, :, None]).sum(1).astype(np.uint8)
        sc = sc + 32
        packed = np.zeros((n, 12), dtype=np.uint8)
        packed[:, :8] = (sc[:, :8] & 15) | (sc[:, 8:] & 15) << 4
        for k in range(16):
            packed[:, 8 + k % 4] |= (sc[:, k] >> 4 << (2 * (k // 4))).astype(np.uint8)
        return np.hstack([hmask, two_bits(q), packed, u8(d)])
    r = q.reshape(n, 2, 4, 32)
    ql = np.stack([(r[:, :, 0] & 15) | (r[:, :, 2] & 15) << 4, (r[:, :, 1] & 15) | (r[:, :, 3] & 15) << 4], 2)
    qh = r[:, :, 0] >> 4 | r[:, :, 1] >> 4 << 2 | r[:, :, 2] >> 4 << 4 | r[:, :, 3] >> 4 << 6
    return np.hstack([ql.reshape(n, 128).astype(np.uint8), qh.reshape(n, 64).astype(np.uint8), sc.astype(np.int8).view(np.uint8), u8(d)])


def quantise(kind, w):
    """The bytes of w, whose rows are whole blocks."""
    w = np.ascontiguousarray(w, dtype=f4)
    if kind == "F32":
        return w.tobytes()
    if kind == "F64":
        return w.astype(np.float64).tobytes()
    if kind == "F16":
        return w.astype(np.float16).tobytes()
    if kind == "BF16":
        return to_bf16(w).tobytes()
    elements, size = SIZES[kind]
    b = (pack_k if elements == 256 else pack_small)(kind, w.reshape(-1, elements))
    assert b.shape[1] == size and b.dtype == np.uint8, (kind, b.shape, b.dtype)
    return b.tobytes()


def to_bf16(w):
    u = w.view(np.uint32)
    return ((u + 0x7FFF + (u >> 16 & 1)) >> 16).astype(np.uint16)


# --- turn back: bytes (n × size) to n × elements ---

def low_high(b):
    return np.hstack([b & 15, b >> 4]).astype(np.int32)


def bits32(b):
    return np.unpackbits(np.ascontiguousarray(b), axis=1, bitorder="little").astype(np.int32)


def spread2(qs):
    """Codes of two bits, the reverse of two_bits."""
    q = qs.reshape(-1, 2, 32)
    return np.stack([q >> s & 3 for s in (0, 2, 4, 6)], 2).reshape(-1, 256).astype(np.int32)


def planes(b):
    """Bit k of byte j as element 32k+j."""
    return np.stack([b >> k & 1 for k in range(8)], 1).reshape(-1, 256).astype(np.int32)


def unsix(p):
    p = p.astype(np.int32)
    sc = np.hstack([p[:, 0:4] & 63, (p[:, 8:12] & 15) | p[:, 0:4] >> 6 << 4])
    mn = np.hstack([p[:, 4:8] & 63, p[:, 8:12] >> 4 | p[:, 4:8] >> 6 << 4])
    return sc, mn


def dequantise(kind, raw):
    if kind == "F32":
        return np.frombuffer(raw, dtype=f4)
    if kind in ("F16", "F64"):
        return np.frombuffer(raw, dtype=np.float16 if kind == "F16" else np.float64).astype(f4)
    if kind == "BF16":
        return (np.frombuffer(raw, dtype=np.uint16).astype(np.uint32) << 16).view(f4)
    b = np.frombuffer(raw, dtype=np.uint8).reshape(-1, SIZES[kind][1])
    if kind == "Q8_0":
        y = from_half(b[:, :2]) * b[:, 2:].view(np.int8).astype(f4)
    elif kind == "Q4_0":
        y = from_half(b[:, :2]) * (low_high(b[:, 2:]) - 8).astype(f4)
    elif kind == "Q5_0":
        y = from_half(b[:, :2]) * (low_high(b[:, 6:]) + 16 * bits32(b[:, 2:6]) - 16).astype(f4)
    elif kind == "Q4_1":
        y = from_half(b[:, :2]) * low_high(b[:, 4:]).astype(f4) + from_half(b[:, 2:4])
    elif kind == "Q5_1":
        y = from_half(b[:, :2]) * (low_high(b[:, 8:]) + 16 * bits32(b[:, 4:8])).astype(f4) + from_half(b[:, 2:4])
    elif kind == "MXFP4":
        y = E2M1[low_high(b[:, 1:])] * (2.0 ** (b[:, :1] - 127.0)).astype(f4)
    elif kind == "Q2_K":
        d, m = from_half(b[:, 80:82]), from_half(b[:, 82:84])
        dl, ml = d * (b[:, :16] & 15).astype(f4), m * (b[:, :16] >> 4).astype(f4)
        y = np.repeat(dl, 16, 1) * spread2(b[:, 16:80]).astype(f4) - np.repeat(ml, 16, 1)
    elif kind == "Q3_K":
        p = b[:, 96:108].astype(np.int32)
        low = np.hstack([p[:, :8] & 15, p[:, :8] >> 4])
        high = np.hstack([p[:, 8:] >> s & 3 for s in (0, 2, 4, 6)])
        dl = from_half(b[:, 108:110]) * ((low | high << 4) - 32).astype(f4)
        y = np.repeat(dl, 16, 1) * (spread2(b[:, 32:96]) + 4 * planes(b[:, :32]) - 4).astype(f4)
    elif kind in ("Q4_K", "Q5_K"):
        sc, mn = unsix(b[:, 4:16])
        q = b[:, 16 if kind == "Q4_K" else 48:].reshape(-1, 4, 32)
        q = np.stack([q & 15, q >> 4], 2).reshape(-1, 256).astype(np.int32)
        if kind == "Q5_K":
            q = q + 16 * planes(b[:, 16:48])
        dl, ml = from_half(b[:, :2]) * sc.astype(f4), from_half(b[:, 2:4]) * mn.astype(f4)
        y = np.repeat(dl, 32, 1) * q.astype(f4) - np.repeat(ml, 32, 1)
    elif kind == "Q6_K":
        ql, qh = b[:, :128].reshape(-1, 2, 2, 32), b[:, 128:192].reshape(-1, 2, 32)
        low = np.stack([ql[:, :, 0] & 15, ql[:, :, 1] & 15, ql[:, :, 0] >> 4, ql[:, :, 1] >> 4], 2)
        high = np.stack([qh >> s & 3 for s in (0, 2, 4, 6)], 2)
        q = (low.astype(np.int32) | high.astype(np.int32) << 4).reshape(-1, 256)
        y = np.repeat(from_half(b[:, 208:210]) * b[:, 192:208].view(np.int8).astype(f4), 16, 1) * (q - 32).astype(f4)
    return y.astype(f4).reshape(-1)


# --- the file ---

def text(s):
    s = s.encode()
    return struct.pack("<Q", len(s)) + s


def value(v):
    if isinstance(v, bool):
        return struct.pack("<IB", 7, v)
    if isinstance(v, int):
        return struct.pack("<II", 4, v)
    if isinstance(v, float):
        return struct.pack("<If", 6, v)
    if isinstance(v, str):
        return struct.pack("<I", 8) + text(v)
    items = [value(x) for x in v]
    return struct.pack("<I", 9) + items[0][:4] + struct.pack("<Q", len(v)) + b"".join(x[4:] for x in items)


def file(tensors, metadata, version=3, alignment=32):
    """tensors: (name, type, shape outermost first, bytes)."""
    if alignment != 32:
        metadata = dict(metadata, **{"general.alignment": alignment})
    out = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(metadata))
    for k, v in metadata.items():
        out += text(k) + value(v)
    data = b""
    for name, kind, shape, raw in tensors:
        out += text(name) + struct.pack("<I", len(shape)) + b"".join(struct.pack("<Q", d) for d in reversed(shape))
        out += struct.pack("<IQ", TYPES[kind], len(data))
        data += raw + bytes(-len(raw) % alignment)
    return out + bytes(-len(out) % alignment) + data
