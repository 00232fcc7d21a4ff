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
    config = values(text)
    assert config["freeze_parameters_ratio"] == "1" and config["tuner_type"] == "full"
    expression = config["trainable_parameters_regex"]
    assert expression[0] == expression[-1] == "'" and "'" not in expression[1:-1]
    pattern = re.compile(expression[1:-1])
    return [n for n in names if pattern.search(n)]


def ms_swift_args(text, names):
    args = shlex.split(text, comments=True)
    assert args[args.index("--freeze_parameters_ratio") + 1] == "1"
    pattern = re.compile(args[args.index("--trainable_parameters_regex") + 1])
    return [n for n in names if pattern.search(n)]


def listed(target, n):
    return n in target or any(n.endswith("." + t) for t in target)


def targeted(config, m):
    exclude, targets = config.get("exclude_modules"), config["target_modules"]
    if exclude and (re.fullmatch(exclude, m) if isinstance(exclude, str) else listed(exclude, m)):
        return False
    if isinstance(targets, str):
        return bool(re.fullmatch(targets, m))
    if m in targets:
        return True
    layers, patterns = config.get("layers_to_transform"), config.get("layers_pattern")
    if not listed(targets, m):
        return False
    if layers is None or layers == []:
        return True
    patterns = [patterns] if isinstance(patterns, str) else patterns
    index = None
    for p in patterns or [r"[^.]*"]:
        index = index or re.match(r".*\.%s\.(\d+)\." % p, m)
    return index is not None and int(index.group(1)) in ([layers] if isinstance(layers, int) else layers)


def peft(text, names):
    config = json.loads(text)
    modules = [n[: -len(".weight")] for n in names if n.endswith(".weight")]
    saved = config.get("modules_to_save", [])
    found = [m for m in modules if targeted(config, m)]
    experts = [n for n in names if listed(config.get("target_parameters", []), n)]
    for m in found if "rank_pattern" in config else []:  # both rules that PEFT has had for rank_pattern
        want = config["rank_pattern"].get(m, config["r"])
        for form in (r"(.*\.)?({})$", r".*\.{}$"):
            keys = [k for k in config["rank_pattern"] if re.match(form.format(k), m)]
            assert config["rank_pattern"].get((keys + [m])[0], config["r"]) == want, (form, m)
    whole = {m + ".weight" for m in modules if m in found or any(m.endswith(s) for s in saved)}
    return [n for n in names if n in whole or n in experts]


def sequences(text):
    lists, key = {}, None
    for line in text.splitlines():
        if re.match(r"^[a-z_]+:$", line):
            key = line[:-1]
        elif line.startswith("- ") and key:
            lists.setdefault(key, []).append(line[2:].strip('"'))
        else:
            key = None
    return lists


def lora_lists(text, names):
    config = sequences(text)
    return adapted(config.get("lora_target_modules", []), config.get("lora_target_parameters", []),
                   config.get("lora_modules_to_save", []), names)


def adapted(targets, parameters, saved, names):
    modules = [n[: -len(".weight")] for n in names if n.endswith(".weight")]
    whole = {m + ".weight" for m in modules if listed(targets, m) or any(m.endswith(s) for s in saved)}
    return [n for n in names if n in whole or listed(parameters, n)]


def unsloth(text, names):
    scope = {}
    exec(compile(text, "adapters.py", "exec"), scope)
    return adapted(scope["TARGET_MODULES"], scope["TARGET_PARAMETERS"], [], names)


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


def verl(text, names):
    args = dict(a.split("=", 1) for a in shlex.split(text))
    value = args["actor_rollout_ref.model.target_modules"]
    assert value[0] == "[" and value[-1] == "]"
    return adapted(value[1:-1].split(","), [], [], names)


def galore(text, names):
    pattern = values(text)["optim_target_modules"].strip("'")
    modules = [n[: -len(".weight")] for n in names if n.endswith(".weight")]
    return [m + ".weight" for m in modules if re.fullmatch(pattern, m)]


rules = {"verl": verl, "galore": galore, "axolotl": axolotl, "python": module, "trl": module, "ms-swift": ms_swift, "ms-swift-args": ms_swift_args, "axolotl-lora": lora_lists, "trl-lora": lora_lists, "unsloth": unsloth, "peft": peft,
         "llama-factory-lora": lora, "llama-factory": freeze,
         "names": name_list, "json": name_json, "csv": name_table, "lr": name_table}
json.dump([rules[job["consumer"]](job["text"], job["names"]) for job in json.load(sys.stdin)], sys.stdout)
