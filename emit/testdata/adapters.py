# What PEFT 0.20 makes of a LoraConfig, as far as consumers.py needs it: the rules of its
# check_target_module_exists, _set_trainable and _convert_peft_config_moe.
import re


class Stops(Exception):
    """What a trainer stops with."""


# What names say of modules.


def everything(names):
    """All modules, those too that only hold others."""
    return {n[:i] for n in names for i, c in enumerate(n) if c == "."}


def weighted(names):
    return [n[: -len(".weight")] for n in names if n.endswith(".weight")]


def unlike(m):
    """No linear layer, embedding or convolution."""
    last = m.split(".")[-1]
    return "norm" in last or last.startswith("ln_") or last in ("router", "gate")


def linear(m):
    return not unlike(m) and not re.search(r"embed|^w[tp]e$", m.split(".")[-1])


# Targets.


def listed(target, n):
    return n in target or any(n.endswith("." + t) for t in target)


def targeted(config, m):
    exclude, targets = config.get("exclude_modules"), config.get("target_modules")
    if exclude and (re.fullmatch(exclude, m) if isinstance(exclude, str) else listed(exclude, m)):
        return False
    if any(re.match(r"(^|.*\.)%s($|\..*)" % s, m) for s in config.get("modules_to_save") or []):
        return False
    if isinstance(targets, str):
        return bool(re.fullmatch(targets, m))
    if targets is None or m in targets:
        return targets is not None
    layers, patterns = config.get("layers_to_transform"), config.get("layers_pattern")
    if not listed(targets, m):
        return False
    if layers is None or layers == []:
        return True
    patterns = [patterns] if isinstance(patterns, str) else patterns
    index = None
    for p in patterns or [r"[^.]*"]:
        index = index or re.match(r".*?\.%s\.(\d+)\." % p, m)
    return index is not None and int(index.group(1)) in ([layers] if isinstance(layers, int) else layers)


MOVED = {"gate": "gate.weight", "gate_proj": "gate_up_proj", "up_proj": "gate_up_proj", "down_proj": "down_proj"}


def leaf(name):
    return name.split(".")[-1]


def resolved(config, names):
    """The roles that a text of targets means for a model whose experts were fused."""
    if config["target_modules"].lower() == "all-linear":
        return {leaf(m) for m in weighted(names) if linear(m) and m != "lm_head"} | set(MOVED)
    roles = {leaf(n) for n in everything(names) | set(names) if targeted(config, n)}
    for old, new in MOVED.items():
        holders = [n[: -len(new) - 1] for n in names if leaf(n) == new]
        if any(targeted(config, f"{h}.{old}") for h in holders):
            roles.add(old)
    return roles


def converted(config, names):
    """What PEFT 0.20 makes of a config for Qwen's models with fused experts."""
    if not any(n.endswith(".mlp.experts.gate_up_proj") for n in names) or not any(n.endswith(".mlp.gate.weight") for n in names):
        return config
    targets = config.get("target_modules")
    if isinstance(targets, str):
        targets = resolved(config, names)
        if not targets:
            return config
    moved = {t: leaf(t) for t in targets or [] if leaf(t) in MOVED}
    if len({"gate_proj", "up_proj"} & set(moved.values())) == 1:
        raise Stops("half of gate_up_proj")
    parameters = list(config.get("target_parameters") or []) + [MOVED[old] for old in moved.values()]
    return config | {"target_modules": [t for t in targets or [] if t not in moved], "target_parameters": parameters}


def adapters(config, names, convert=converted):
    targets = config.get("target_modules")
    if isinstance(targets, str) and (config.get("layers_to_transform") is not None or config.get("layers_pattern") is not None):
        raise Stops("layers of a pattern")
    if config.get("layers_pattern") and config.get("layers_to_transform") is None:
        raise Stops("no layers for a pattern of them")
    config = convert(config, names)
    targets = config.get("target_modules")
    if isinstance(targets, str) and targets.lower() == "all-linear":
        config = config | {"target_modules": [m for m in weighted(names) if linear(m) and m != "lm_head"]}
    own, whole = set(weighted(names)), set()
    modules = everything(names)
    for m in modules:
        if targeted(config, m):
            if m not in own or unlike(m):
                raise Stops(m)
            whole.add(m + ".weight")
    for m in modules:
        if any(m.endswith(s) for s in config.get("modules_to_save") or []):
            whole |= {n for n in names if n.startswith(m + ".")}
    return [n for n in names if n in whole or listed(config.get("target_parameters") or [], n)]
