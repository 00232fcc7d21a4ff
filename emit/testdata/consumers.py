# What trainers make of a selection, with their own parsers as far as the standard
# library has them. Reads a list of {"consumer", "text", "names"} and prints, for
# each, the names that are trained, as JSON. Written from the rules that package emit states.
import csv
import io
import json
import re
import shlex
import sys


class Parameter:
    requires_grad = True


class Model:
    def __init__(self, names):
        self.parameters = {name: Parameter() for name in names}

    def named_parameters(self):
        return self.parameters.items()


def axolotl(text, names):
    patterns = []
    for line in text.split("unfrozen_parameters:\n")[1].splitlines():
        item = line[2:]
        ranged = re.match(r"^(.+)\[([0-9]*)(?::([0-9]*))?\]$", item)
        item = ranged.group(1) if ranged else item
        patterns.append(re.compile(re.sub(r"\.(?!\+)", "\\.", item)))
    return [n for n in names if any(p.match(n) for p in patterns)]


def module(text, names):
    scope = {}
    exec(compile(text, "unfrozen.py", "exec"), scope)
    model = Model(names)
    scope["freeze"](model)
    return [n for n, p in model.named_parameters() if p.requires_grad]


def ms_swift(text, names):
    args = shlex.split(text, comments=True)
    assert args[args.index("--freeze_parameters_ratio") + 1] == "1"
    pattern = re.compile(args[args.index("--trainable_parameters_regex") + 1])
    return [n for n in names if pattern.search(n)]


def listed(target, n):
    return n in target or any(n.endswith("." + t) for t in target)


def peft(text, names):
    config = json.loads(text)
    modules = [n[: -len(".weight")] for n in names if n.endswith(".weight")]
    saved = config.get("modules_to_save", [])
    found = [m for m in modules if re.fullmatch(config["target_modules"], m)]
    for m in found:  # both rules that PEFT has had for rank_pattern
        want = config["rank_pattern"].get(m, config["r"])
        for form in (r"(.*\.)?({})$", r".*\.{}$"):
            keys = [k for k in config["rank_pattern"] if re.match(form.format(k), m)]
            assert config["rank_pattern"].get((keys + [m])[0], config["r"]) == want, (form, m)
    return [m + ".weight" for m in modules if m in found or any(m.endswith(s) for s in saved)]


def values(text):
    return dict(line.split(": ", 1) for line in text.splitlines() if ": " in line and line[0] != "#")


def lora(text, names):
    config = values(text)
    target = config["lora_target"].split(",")
    saved = config["additional_target"].split(",") if "additional_target" in config else []
    modules = [n[: -len(".weight")] for n in names if n.endswith(".weight")]
    return [m + ".weight" for m in modules if listed(target, m) or any(m.endswith(s) for s in saved)]


def freeze(text, names):
    config = values(text)
    total = int(re.search(r"num_hidden_layers: (\d+)", text).group(1))
    n = int(config["freeze_trainable_layers"])
    blocks = range(max(0, total - n), total) if n > 0 else range(min(-n, total))
    hidden, outside = set(), set()
    for name in names:
        if ".0." in name:
            hidden.add(name.split(".0.")[-1].split(".")[0])
        elif ".1." in name:
            hidden.add(name.split(".1.")[-1].split(".")[0])
        if re.search(r"\.\d+\.", name) is None:
            outside.add(name.split(".")[-2])
    parts = []
    for m in config["freeze_trainable_modules"].split(","):
        assert m in hidden, m
        parts += [f".{i}.{m}" for i in blocks]
    for m in filter(None, config.get("freeze_extra_modules", "").split(",")):
        assert m in outside, m
        parts.append(m)
    return [name for name in names if any(p in name for p in parts)]


def exactly(listed, names):
    return [n for n in names if n in set(listed)]


def name_list(text, names):
    return exactly(text.splitlines(), names)


def name_json(text, names):
    layers = json.loads(text)["layers"]
    assert layers == [layer["name"] for group in json.loads(text)["types"] for layer in group["chosen"]]
    return exactly(layers, names)


def name_table(text, names):
    return exactly([row["name"] for row in csv.DictReader(io.StringIO(text))], names)


rules = {"axolotl": axolotl, "python": module, "trl": module, "ms-swift": ms_swift, "peft": peft,
         "llama-factory-lora": lora, "llama-factory": freeze,
         "names": name_list, "json": name_json, "csv": name_table, "lr": name_table}
json.dump([rules[job["consumer"]](job["text"], job["names"]) for job in json.load(sys.stdin)], sys.stdout)
