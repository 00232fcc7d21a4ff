// Makes trainers' files of pieces that package emit wrote, and the commands for all others.

// plainRule is what stands in a comment as it is; other rules are left to the command.
const plainRule = /^[ -~]*$/;

// fileText returns the text of a format, or null if only the command can make it.
function fileText(m, head, f, sel) {
  if (!f.name || sel.count === 0 && f.head || f.head && !plainRule.test(sel.rule)) return null;
  let text = "";
  if (f.head) {
    text = head[0] + sel.rule + head[1] + sel.count + head[2];
    for (const g of sel.groups) if (g.tie) text += m.ties[g.type];
  }
  const list = sel.groups.flatMap((g) => g.chosen);
  return text + f.before + (f.line ? linesOf(m, f.line, list) : expressionOf(m, f.parts, list)) + f.after;
}

function linesOf(m, line, list) {
  const others = line.others || {};
  return list.map((i) => others[i] !== undefined ? others[i] : line.before + candidateName(m, i) + line.after).join("");
}

// expressionOf has a branch for names that differ only in the number of their block.
function expressionOf(m, parts, list) {
  const branches = new Map();
  for (const i of list) {
    const template = m.ct[m.cand[i]][0];
    if (!branches.has(template)) branches.set(template, []);
    branches.get(template).push(m.numbers[m.number[i]]);
  }
  const texts = [...branches].map(([t, numbers]) => parts[t][0] + (numbers.length > 1 ? "(?:" + numbers.join("|") + ")" : numbers[0]) + parts[t][1]);
  return texts.length === 1 ? texts[0] : "(?:" + texts.join("|") + ")";
}

// word quotes a word for a POSIX shell.
function word(s) { return "'" + s.replace(/'/g, "'\\''") + "'"; }

// commandOf returns the command that writes a format with the same settings.
function commandOf(m, f, s) {
  const words = ["spectrum select", m.file];
  if (!(s.percent === 0 && s.budget > 0)) words.push("--top " + s.percent);
  if (s.scope !== "type") words.push("--scope " + s.scope);
  if (s.ceil) words.push("--ceil");
  if (s.min > 0) words.push("--at-least " + s.min);
  if (s.max > 0) words.push("--at-most " + s.max);
  if (s.budget > 0 && !s.bytes) words.push("--max-params " + s.budget);
  if (s.budget > 0 && s.bytes) words.push("--budget " + s.budget + "B --optimiser " + s.optimiser + " --precision " + s.precision);
  for (const p of s.include) words.push("--include " + word(p));
  for (const p of s.exclude) words.push("--exclude " + word(p));
  if (m.partial) words.push("--partial");
  words.push("--format " + f.format);
  if (f.needs) words.push(f.needs);
  words.push("-o " + (f.name || "FILE"));
  return words.join(" ");
}
