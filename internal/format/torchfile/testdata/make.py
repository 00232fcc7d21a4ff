#!/usr/bin/env python3
"""Write what torch.save makes of small dictionaries, and what they hold.

Run:  python3 internal/format/torchfile/testdata/make.py   (needs PyTorch 1.13 and NumPy 1.24)

The files of the old format have addresses as the keys of their storages, and so
differ from run to run.
"""
import argparse
import collections
import datetime
import enum
import functools
import json
import os
import pathlib
import random
import zipfile

import numpy as np
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


class Colour(enum.Enum):
    RED = 1


class Settings:
    """A class of the program that trained; no one else has it."""
    class Inner(enum.Enum):
        A = "a"

    def __init__(self):
        self.name, self.inner, self.tensor, self.act = "x", self.Inner.A, torch.ones(2, 2), Settings.activate

    def activate(self):
        return self


class Config(dict):
    """A dictionary of a class of its own, with attributes."""


class Late:
    """Hides behind tensors, in the attributes of the dictionary."""
    def __reduce__(self):
        return eval, ("__import__('os').system('true')",)


def extras():
    """What training loops keep beside the tensors."""
    config = Config(lr=0.1)
    config.path = "x"
    return {
        "state_dict": collections.OrderedDict([("a.weight", torch.ones(2, 3)), ("a.bias", torch.zeros(2))]),
        "best_acc": np.float64(0.5), "steps": np.int64(3), "flag": np.bool_(True), "array": np.ones((2, 2), np.float32),
        "args": argparse.Namespace(lr=.1, device=torch.device("cpu"), dtype=torch.float32),
        "device": torch.device("cuda", 1), "shape": torch.Size([1, 2]), "half": torch.float16, "layout": torch.strided,
        "set": {1, 2}, "frozen": frozenset([3]), "counter": collections.Counter("aab"), "deque": collections.deque([1]),
        "default": collections.defaultdict(list, {"a": [1]}), "bytes": b"\x00\xff", "array of bytes": bytearray(b"ab"), "complex": 1 + 2j,
        "range": range(3), "slice": slice(1), "none": type(None), "dots": ..., "time": datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc),
        "path": pathlib.PurePosixPath("a/b"), "colour": Colour.RED, "settings": Settings(), "config": config,
        "partial": functools.partial(torch.nn.functional.gelu, approximate="tanh"), "function": torch.nn.functional.relu,
        "random": random.Random(1).getstate()[1][:3], "numpy random": np.random.RandomState(1), "generator": np.random.default_rng(1),
        "type": np.dtype("float32"), "big": 2**200, ("a", 1): 1, "text": "x" * 5000, "lr_scheduler": {"gamma": 0.5}, "eps": float("nan"),
    }


def listed():
    """Tensors in forms that are listed and not read, beside one that is."""
    return {
        "dense": torch.ones(2, 3),
        "coo": torch.eye(3).to_sparse(),
        "csr": torch.eye(3).to_sparse_csr(),
        "quantised": torch.quantize_per_tensor(torch.ones(2, 3), 0.1, 0, torch.qint8),
        "channels": torch.quantize_per_channel(torch.ones(2, 3), torch.ones(2), torch.zeros(2), 0, torch.quint8),
        "complex": torch.ones(2, 2, dtype=torch.complex128),
        "meta": torch.ones(4, 5, device="meta"),
        "array": np.ones((2, 2), np.float32),
    }


def checkpoints():
    """Training checkpoints as the tools write them."""
    def layer(value):
        return torch.full((4, 3), float(value))

    def adam(state):
        return {"state": {i: {"step": torch.tensor(9.), "exp_avg": v * 0.1, "exp_avg_sq": v * v} for i, v in enumerate(state.values())},
                "param_groups": [{"lr": 1e-3, "params": list(range(len(state)))}]}

    plain = collections.OrderedDict((f"h.{i}.fc.weight", layer(i)) for i in range(2))

    def prefixed(prefix):
        return collections.OrderedDict((prefix + k, v) for k, v in plain.items())
    torch.save({"model": prefixed("_orig_mod."), "optimizer": adam(plain), "model_args": {"n_layer": 2}, "iter_num": 100,
                "best_val_loss": torch.tensor(1.5), "rng_state": torch.get_rng_state()}, path("compiled.pt"))
    torch.save({"epoch": 1, "state_dict": prefixed("model._orig_mod."), "optimizer_states": [adam(plain)], "lr_schedulers": [],
                "callbacks": {"EMA": {"shadow": plain}}, "hyper_parameters": {"net": torch.nn.Linear(2, 2)},
                "pytorch-lightning_version": "2.1"}, path("lightning.ckpt"))
    torch.save({"state_dict": plain, "state_dict_ema": {k: v * 1.01 for k, v in plain.items()}, "epoch": 3}, path("timm.pth.tar"))
    torch.save({"model": {"module": prefixed("module.")}, "optimizer": adam(plain)}, path("parallel.pt"))
    torch.save({"module": plain, "buffer_names": [], "optimizer": None, "param_shapes": [{k: v.shape for k, v in plain.items()}],
                "mp_world_size": 1, "dp_world_size": 1, "ds_version": "0.12"}, path("mp_rank_00_model_states.pt"))
    torch.save({"model": plain, "net": prefixed("x."), "epoch": 1}, path("two.pt"))
    torch.save({"params_ema": plain}, path("ema.pt"))
    torch.save(adam(plain), path("optimizer.pt"))
    torch.save({"optimizer_state_dict": {"zero_stage": 2, "partition_count": 2, "base_optimizer_state": adam(plain)}, "ds_version": "0.12"}, path("zero.pt"))


def main():
    torch.manual_seed(0)
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
    torch.save(state, path("legacy.pt"), _use_new_zipfile_serialization=False)
    torch.save(extras(), path("legacy-extras.pt"), _use_new_zipfile_serialization=False, pickle_protocol=4)
    torch.save(extras(), path("extras.pt"))
    torch.save(listed(), path("listed.pt"))
    checkpoints()
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
