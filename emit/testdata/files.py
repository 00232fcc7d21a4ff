# The files of trainers, as far as consumers.py needs them read, with the standard
# library alone.
import json
import re


def scalar(text):
    text = text.strip()
    if text[:1] == "'":
        return text[1 : text.rindex("'")].replace("''", "'")
    if text[:1] == '"':
        return json.loads(text[: text.rindex('"') + 1])
    return re.split(r"\s#", text)[0].strip()


def settings(text):
    """The texts and lists of texts of a YAML mapping."""
    found, key = {}, None
    for line in text.splitlines():
        item = re.match(r" *- (.*)$", line)
        member = re.match(r"([A-Za-z_]+):(?: +(.*))?$", line)
        if item and key:
            found[key] = (found[key] or []) + [scalar(item[1])]
        elif member:
            key, value = member[1], (member[2] or "").strip()
            if value[:1] == "[":
                inside = value[1 : value.rindex("]")]
                found[key] = [scalar(x) for x in inside.split(",")] if inside.strip() else []
            else:
                found[key] = scalar(value) if value and value[0] != "#" else None
    return found


def dashes(text):
    return [line.split("- ")[1] for line in text.splitlines() if line.startswith("- ")]


def true(value, none):
    return none if value is None else value.lower() == "true"


def split(value):
    """A list, or a text at its commas."""
    return [x.strip() for x in value.split(",")] if isinstance(value, str) else value or []
