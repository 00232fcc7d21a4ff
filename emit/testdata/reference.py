# The reference's selection, written from its rules for the tests: reads a plain
# result file and writes the YAML of the top P percent of each type.
import json
import sys

percent = int(sys.argv[1])
types = {}
for module, row in json.load(sys.stdin).items():
    types.setdefault(row["type"], []).append((module, row["snr"]))
sys.stdout.write("unfrozen_parameters:\n- ^lm_head.weight$\n- ^model.embed_tokens.weight$\n")
for name, rows in types.items():
    rows.sort(key=lambda row: row[1], reverse=True)  # stable: ties keep their order
    sys.stdout.write(f"# {name} layers\n")
    for module, _ in rows[: int(len(rows) * percent / 100)]:
        sys.stdout.write(f"- {module}\n")
