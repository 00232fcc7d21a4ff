#!/usr/bin/env python3
"""Write what torch.save makes of small dictionaries, and what they hold.

Run:  python3 internal/format/torchfile/testdata/make.py   (needs PyTorch 1.13)
"""
import collections
import json
import os
import shutil
import zipfile
import torch

HERE = os.path.dirname(os.path.abspath(__file__))


def path(name):
    return os.path.join(HERE, name)


def tensors():
    def count(dtype, *shape):
        n = 1
        for d in shape:
            n *= d
        return (torch.arange(n, dtype=torch.float64) - 2.5).to(dtype).reshape(shape)

    big = count(torch.float32, 6, 8)
    shared = count(torch.float32, 3, 4)
    return collections.OrderedDict([
        ("f32", count(torch.float32, 2, 3)),
        ("f16", count(torch.float16, 3, 2)),
        ("bf16", count(torch.bfloat16, 2, 2)),
        ("f64", count(torch.float64, 1, 5)),
        ("i64", count(torch.int64, 4)),
        ("i8", count(torch.int8, 2, 2)),
        ("bool", torch.tensor([True, False, True])),
        ("c64", torch.tensor([1 + 2j])),
        ("scalar", torch.tensor(7.0)),
        ("empty", torch.zeros(0, 4)),
        ("cube", count(torch.float32, 2, 3, 4)),
        ("parameter", torch.nn.Parameter(count(torch.float32, 2, 2))),
        ("big", big),
        ("rows", big[2:4]),
        ("corner", big[1:4, 3:5]),
        ("steps", big[::2, ::3]),
        ("transposed", big.t()),
        ("swapped", count(torch.float16, 2, 3, 4).permute(2, 0, 1)),
        ("broadcast", torch.ones(1, 3).expand(5, 3)),
        ("embed.weight", shared),
        ("head.weight", shared),
    ])


class Evil:
    def __reduce__(self):
        return os.system, ("echo owned",)


class Late:
    """Hides behind tensors, in the attributes of the dictionary."""
    def __reduce__(self):
        return eval, ("__import__('os').system('true')",)


def main():
    state = tensors()
    state._metadata = {"": {"version": 1}}
    torch.save(state, path("state.bin"))
    torch.save({"state_dict": {"a.weight": torch.ones(2, 2)}, "epoch": 3, "lr": 0.1, "seed": 2**70, "none": None,
                "neg": -5, "long": -2**40, "betas": (0.9, 0.99), "hooks": [], "args": {"name": "x", "on": True}}, path("wrapped.pt"))
    torch.save({"model": {"w": torch.ones(1, 2)}, "optimizer": {"state": {0: {"m": torch.zeros(1, 2)}}, "list": [torch.zeros(3)]}}, path("training.pt"))
    torch.save(torch.ones(2, 3), path("tensor.pt"))
    torch.save({"a": torch.ones(2, 3)}, path("protocol4.pt"), pickle_protocol=4)

    torch.save({"w": torch.ones(1, 2), "x": Evil()}, path("evil.pt"))
    late = collections.OrderedDict(w=torch.ones(1, 2))
    late.hook = Late()
    torch.save(late, path("late.pt"))
    torch.save(torch.nn.Linear(2, 2), path("module.pt"))
    torch.save({"q": torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8)}, path("quantised.pt"))
    torch.save({"w": torch.ones(1, 2)}, path("legacy.pt"), _use_new_zipfile_serialization=False)
    torch.save({"w": torch.zeros(1 << 16)}, path("plain.tmp"))
    with zipfile.ZipFile(path("plain.tmp")) as old, zipfile.ZipFile(path("bomb.pt"), "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(zipfile.ZipInfo(name), old.read(name), compress_type=zipfile.ZIP_STORED if name.endswith("data.pkl") else zipfile.ZIP_DEFLATED)
    os.remove(path("plain.tmp"))
    with zipfile.ZipFile(path("tensor.pt")) as old, zipfile.ZipFile(path("big-endian.pt"), "w") as new:
        for name in old.namelist():
            new.writestr(zipfile.ZipInfo(name), old.read(name))
        new.writestr(zipfile.ZipInfo("tensor/byteorder"), "big")

    expected = {}
    for name, t in state.items():
        if name == "c64":
            continue
        expected[name] = {"shape": list(t.shape), "values": t.detach().double().reshape(-1).tolist()}
    with open(path("state.json"), "w") as f:
        json.dump({"torch": torch.__version__, "tensors": expected}, f, indent=1)
        f.write("\n")


main()
