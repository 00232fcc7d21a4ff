# What trainers make of a selection, with their own parsers as far as the standard
# library has them. Reads a list of {"consumer", "text", "names"} and prints, for
# each, the names that are trained, or null where the trainer stops with an error, as
# JSON. Written from the trainers' rules, not from package emit.
import csv
import io
import json
import re
import shlex
import sys
import textwrap
import types

sys.dont_write_bytecode = True  # of what is imported from this folder
from adapters import Stops, adapters, everything, linear, weighted
from files import dashes, scalar, settings, split, true


# Trainers that train parameters.


class Parameter:
    requires_grad = True


class Model:
    def __init__(self, names):
        self.parameters = {name: Parameter() for name in names}

    def named_parameters(self):
        return self.parameters.items()


def axolotl(text, names):
    patterns, items = [], settings(text).get("unfrozen_parameters")
    if items is None:
        return names
    for item in items:
        ranged = re.match(r"^(.+)\[([0-9]*)(?::([0-9]*))?\]$", item)
        item = ranged.group(1) if ranged else item
        patterns.append(re.compile(re.sub(r"\.(?!\+)", "\\.", item)))
    return [n for n in names if any(p.match(n) for p in patterns)]


def axolotl_rates(text, names):
    """What is trained, each with its learning rate."""
    lookup = {}
    for group in re.split(r"(?m)^- name: ", text.partition("lr_groups:\n")[2])[1:]:
        lookup |= {scalar(part): re.search(r"(?m)^  lr: (\S+)", group)[1] for part in re.findall(r"(?m)^  - (.*)$", group)}

    def rate(n):
        own = not re.search(r"embed_tokens|lm_head|bias|norm|\.ln_", n)
        return next((lookup[part] for part in lookup if own and part in n), settings(text)["learning_rate"])

    return [f"{n} {rate(n)}" for n in axolotl(text, names)]


def module(text, names):
    scope = {}
    exec(compile(text, "unfrozen.py", "exec"), scope)
    model = Model(names)
    try:
        scope["freeze"](model)
    except ValueError:  # it says so last, of entries that match nothing
        pass
    return [n for n, p in model.named_parameters() if p.requires_grad]


def trl(text, names):
    if "def freeze" in text:
        return module(text, names)
    patterns = dashes(text)
    return [n for n in names if any(re.match(p, n) for p in patterns)]


def substring(text, names):
    parts = [item.strip() for item in dashes(text)]
    return [n for n in names if any(p in n for p in parts)]


def ms_swift(text, names):
    config = settings(text)
    assert config["freeze_parameters_ratio"] == "1" and config["tuner_type"] == "full"
    pattern = re.compile(config["trainable_parameters_regex"])
    return [n for n in names if pattern.search(n)]


def ms_swift_args(text, names):
    args = shlex.split(text, comments=True)
    assert args[args.index("--freeze_parameters_ratio") + 1] == "1"
    pattern = re.compile(args[args.index("--trainable_parameters_regex") + 1])
    return [n for n in names if pattern.search(n)]


# PEFT, and trainers that hand it their lists.


def peft(text, names):
    config = json.loads(text)
    trained = adapters(config, names)
    alone = [n for n in trained if n in (config.get("target_parameters") or [])]
    for m in alone + weighted(set(trained) - set(alone)) if "rank_pattern" in config else []:  # both rules that PEFT has had for rank_pattern
        want = config["rank_pattern"].get(m, config["r"])
        for form in (r"(.*\.)?({})$", r".*\.{}$"):
            keys = [k for k in config["rank_pattern"] if re.match(form.format(k), m)]
            assert config["rank_pattern"].get((keys + [m])[0], config["r"]) == want, (form, m)
    return trained


def lora_lists(config):
    return {
        "target_modules": config.get("lora_target_modules"),
        "target_parameters": config.get("lora_target_parameters"),
        "modules_to_save": config.get("lora_modules_to_save"),
    }


def axolotl_lora(text, names):
    config = settings(text)
    lora = lora_lists(config)
    lora["target_modules"] = lora["target_modules"] or []
    if true(config.get("lora_target_linear"), False):
        more = {m.split(".")[-1] for m in weighted(names) if linear(m)} - {"lm_head"}
        targets = lora["target_modules"]
        lora["target_modules"] = (targets if isinstance(targets, list) else [targets]) + list(more)
    layers = config.get("peft_layers_to_transform")
    lora["layers_to_transform"] = None if layers is None else [int(x) for x in layers]
    lora["layers_pattern"] = config.get("peft_layers_pattern")
    return adapters(lora, names)


def trl_lora(text, names):
    lora = lora_lists(settings(text))
    if lora["target_modules"] is not None and len(lora["target_modules"]) == 1:
        lora["target_modules"] = lora["target_modules"][0]
    return adapters(lora, names)


def unsloth(text, names):
    given = {}
    library = types.ModuleType("unsloth")
    library.FastLanguageModel = types.SimpleNamespace(get_peft_model=lambda model, **kwargs: given.update(kwargs))
    sys.modules["unsloth"] = library
    scope = {}
    exec(compile(text, "adapters.py", "exec"), scope)
    scope["get_peft_model"](None)
    config = {"target_modules": [], "target_parameters": given.get("target_parameters"), "modules_to_save": []}
    for m in given["target_modules"]:
        config["modules_to_save" if m == "embed_tokens" else "target_modules"].append(m)
    return adapters(config, names)


def hydra(value):
    def text(s):
        return s[1:-1].replace("\\" + s[0], s[0]) if s[:1] in ("'", '"') else s

    if value[:1] == "[":
        return [text(x.strip()) for x in value[1:-1].split(",")]
    return None if value == "null" else text(value)


def verl(text, names):
    words = shlex.split(text.replace("\\\n", ""))  # a shell joins such lines
    args = dict(a.lstrip("+").split("=", 1) for a in words)
    config = {}
    for key in ("target_modules", "target_parameters", "exclude_modules"):
        config[key] = hydra(args.get("actor_rollout_ref.model." + key, "null"))
    return adapters(config, names)


# LLaMA-Factory.


def composite(config, names):
    """Parts of names of the projector, and those that are frozen, None for text alone."""
    if not any("multi_modal_projector" in n for n in names):
        return None, []
    frozen = ["vision_tower"] if true(config.get("freeze_vision_tower"), True) else []
    frozen += ["multi_modal_projector"] if true(config.get("freeze_multi_modal_projector"), True) else []
    frozen += ["language_model", "lm_head"] if true(config.get("freeze_language_model"), False) else []
    return "multi_modal_projector", frozen


def factory_lora(text, names):  # which has PEFT 0.18, so nothing is converted
    config = settings(text)
    targets = split(config["lora_target"])
    projector, frozen = composite(config, names)
    if targets == ["all"]:
        forbidden = ["lm_head"]
        if projector:
            forbidden += [projector] + ["vision_tower"] * ("vision_tower" in frozen)
        roles = [m for m in weighted(names) if linear(m) and not any(f in m for f in forbidden)]
        targets = sorted({m.split(".")[-1] for m in roles})
    if true(config.get("use_llama_pro"), False):
        if projector:
            raise Stops("num_hidden_layers")
        blocks = trained_blocks(int(config.get("freeze_trainable_layers") or 2), block_count(text, names), True)
        modules = [m for m in everything(names) if any(f".{i}." in m for i in blocks)]
        targets = [m for m in modules if any(t in m for t in targets)]
    if projector:
        modules = everything(names)
        targets = [m for m in modules if any(t in m for t in targets) and not any(f in m for f in frozen)]
    lora = {"target_modules": targets, "modules_to_save": split(config.get("additional_target"))}
    return adapters(lora, names, lambda config, _: config)


def trained_blocks(n, total, pro):
    if pro:
        if n <= 0 or total % n != 0:
            raise Stops("use_llama_pro")
        stride = total // n
        return range(stride - 1, total + stride - 1, stride)
    return range(max(0, total - n), total) if n > 0 else range(min(-n, total))


def freeze(text, names):
    config = settings(text)
    projector, frozen = composite(config, names)
    parts = freeze_parts(config, true(config.get("use_llama_pro"), False), text, names)
    if projector and projector not in frozen:
        parts.append(projector)
    return [name for name in names if any(p in name for p in parts) and not any(f in name for f in frozen)]


def freeze_v1(text, names):
    config = settings(textwrap.dedent(re.search(r"(?m)^peft_config:\n((?:  .*\n)+)", text)[1]))
    if composite(config, names)[0]:
        raise Stops("num_hidden_layers")
    parts = freeze_parts(config, False, text, names)
    quantised = ["quant_state", "quantization_weight", "qweight", "qzeros", "scales"]
    return [name for name in names if any(p in name for p in parts) and not any(q in name for q in quantised)]


def block_count(text, names):
    said = re.search(r"num_hidden_layers: (\d+)", text)
    numbers = [re.search(r"\.(\d+)\.", "." + n) for n in names if "vision" not in n]
    return int(said[1]) if said else 1 + max(int(x[1]) for x in numbers if x)


def freeze_parts(config, pro, text, names):
    blocks = trained_blocks(int(config.get("freeze_trainable_layers") or 2), block_count(text, names), pro)
    hidden, outside = set(), set()
    for name in names:
        if ".0." in name:
            hidden.add(name.split(".0.")[-1].split(".")[0])
        elif ".1." in name:
            hidden.add(name.split(".1.")[-1].split(".")[0])
        if re.search(r"\.\d+\.", name) is None:
            outside.add(name.split(".")[-2])
    parts = []
    for m in split(config.get("freeze_trainable_modules")) or ["all"]:
        if m != "all" and m not in hidden:
            raise Stops(m)
        parts += [f".{i}." + ("" if m == "all" else m) for i in blocks]
    for m in split(config.get("freeze_extra_modules")):
        if m not in outside:
            raise Stops(m)
        parts.append(m)
    return parts


# Optimisers of transformers' Trainer.


def galore(text, names):
    targets = settings(text)["optim_target_modules"]
    everywhere = isinstance(targets, str) and targets.replace("_", "-") == "all-linear"

    def found(m):
        if isinstance(targets, str):
            return re.fullmatch(targets, m)
        return m in targets or any(t in m for t in targets) or any(re.fullmatch(t, m) for t in targets)

    return [m + ".weight" for m in weighted(names) if linear(m) and (everywhere or found(m))]


# Lists.


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


rules = {
    "axolotl": axolotl, "axolotl-lr": axolotl, "axolotl-lr rates": axolotl_rates, "python": module, "trl": trl, "substring": substring, "ms-swift": ms_swift, "ms-swift-args": ms_swift_args,
    "axolotl-lora": axolotl_lora, "trl-lora": trl_lora, "unsloth": unsloth, "peft": peft, "verl": verl, "galore": galore,
    "llama-factory-lora": factory_lora, "llama-factory": freeze, "llama-factory-v1": freeze_v1,
    "names": name_list, "json": name_json, "csv": name_table, "lr": name_table,
}


def trains(job):
    try:
        return rules[job["consumer"]](job["text"], job["names"])
    except Stops:
        return None


json.dump([trains(job) for job in json.load(sys.stdin)], sys.stdout)
