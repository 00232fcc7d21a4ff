# What is left of a file when its strings are taken for what they are: a skeleton, the
# same for every name. Reads a list of {"language", "text"} and prints a list of
# [skeleton, strings]. YAML is loaded by the loader that runs code; a name that becomes
# code leaves a trace in the skeleton, or a file.
import ast
import csv
import io
import json
import subprocess
import sys

import yaml


def bones(x, strings):
    if isinstance(x, dict):
        return {str(k) if k in KEYS else bones(str(k), strings): bones(v, strings) for k, v in x.items()}
    if isinstance(x, list):
        return [bones(v, strings) for v in x]
    if isinstance(x, str):
        strings.append(x)
        return "text"
    return type(x).__name__ if x is None or isinstance(x, (bool, int, float)) else "CODE: %r" % x


KEYS = set(json.loads(sys.argv[1]))


def python(text, strings):
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, (ast.List, ast.Dict)):
            for c in ast.walk(node.value):
                if isinstance(c, ast.Constant) and isinstance(c.value, str):
                    strings.append(c.value)
                    c.value = "text"
    return ast.dump(tree)


def shell(text, strings):
    words = subprocess.run(["sh", "-c", "printf '%s\\0' " + text], capture_output=True, check=True).stdout.decode().split("\0")
    strings.extend(words)
    return len(words)


def table(text, strings):
    rows = list(csv.reader(io.StringIO(text, newline="")))
    strings.extend(cell for row in rows for cell in row)
    return [len(row) for row in rows]


out = []
for job in json.load(sys.stdin):
    strings = []
    read = {
        "yaml": lambda t, s: bones(yaml.load(t, Loader=yaml.UnsafeLoader), s),
        "json": lambda t, s: bones(json.loads(t), s),
        "python": python,
        "shell": shell,
        "csv": table,
        "lines": lambda t, s: (s.extend(t.split("\n")), len(s))[1],
    }[job["language"]]
    out.append([json.dumps(read(job["text"], strings)), strings])
json.dump(out, sys.stdout)
