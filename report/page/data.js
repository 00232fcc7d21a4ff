// Reads what package report wrote: see codec.go and data.go there.

const alphabet = " !#$%()*+,-./0123456789:;=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~";
const base = alphabet.length;
const digitOf = new Map([...alphabet].map((c, i) => [c, i]));

function digitsAt(text, at, width) {
  let n = 0;
  for (let i = at; i < at + width; i++) n = n * base + digitOf.get(text[i]);
  return n;
}

// numberOf is a number as JSON has it.
function numberOf(v) {
  if (typeof v === "number") return v;
  return v === "Infinity" ? Infinity : v === "-Infinity" ? -Infinity : NaN;
}

// column returns the n numbers of a column; of integers a missing one is -1.
function column(c, n) {
  if (!c) return new Float64Array(n).fill(NaN);
  if (c.p) return Float64Array.from(c.p, numberOf);
  if (c.s === undefined) return new Float64Array(n).fill(c.c === undefined ? NaN : numberOf(c.c));
  const out = new Float64Array(n);
  const scale = (base ** c.w - 4) / 160;
  for (let i = 0; i < n; i++) {
    const code = digitsAt(c.s, i * c.w, c.w);
    if (!c.l) out[i] = code - 1;
    else out[i] = code === 0 ? NaN : code === 1 ? Infinity : code === 2 ? 0 : Math.exp((code - 3) / scale - 80);
  }
  return out;
}

// decode makes a model of what the page holds.
function decode(raw, weight) {
  const m = Object.assign({}, raw);
  m.weight = weight;
  m.nameOf = (template, number) => {
    const [before, after] = raw.names[template];
    return raw.befores[before] + raw.numbers[number] + after;
  };
  m.row = column(raw.row, raw.rows);
  m.rowNumber = column(raw.rn, raw.rows);
  m.candidate = column(raw.rc, raw.rows);
  m.cand = column(raw.cand, raw.count);
  m.number = column(raw.cn, raw.count);
  m.order = column(raw.order, raw.count);
  m.cols = {};
  for (const name of Object.keys(raw.cols)) m.cols[name] = column(raw.cols[name], raw.rows);
  m.texts = {};
  for (const what of ["error", "tied", "absent"]) {
    const n = (raw.notes || {})[what];
    m.texts[what] = new Map(n ? n.rows.map((r, i) => [r, n.texts[n.text[i]]]) : []);
  }
  m.rowsOf = Array.from({ length: raw.count }, () => []);
  m.candidate.forEach((c, i) => { if (c >= 0) m.rowsOf[c].push(i); });
  m.sketchOf = new Map();
  if (raw.sketches) column(raw.sketched, raw.sketches.length).forEach((row, i) => m.sketchOf.set(row, i));
  return m;
}

// Of a row: its name, its template (name, type, line, rows, columns, dtype, expert, ranked).
function rowName(m, i) { return m.nameOf(m.rt[m.row[i]][0], m.rowNumber[i]); }
function rowTemplate(m, i) { return m.rt[m.row[i]]; }
function valuesOf(m, i) { const t = rowTemplate(m, i); return Math.min(t[3], t[4]); }

// Of a candidate: its name and what it is chosen by.
function candidateName(m, i) { return m.nameOf(m.ct[m.cand[i]][0], m.number[i]); }

// moduleOf is the name of a module, as people know it.
function moduleOf(m, name) { return name.endsWith(m.weight) ? name.slice(0, -m.weight.length) : name; }

// sketchRanks are the ranks, from 0, of the points of a sketch: results.SketchRanks.
function sketchRanks(n) {
  const ranks = [];
  for (let i = 0; i < Math.min(n, 512); i++) {
    ranks.push(n > 512 && i >= 64 ? 64 + Math.floor((2 * (i - 64) * (n - 65) + 447) / 894) : i);
  }
  return ranks;
}

// thin are the indices of the points that the page has of a sketch.
function thin(k, p) {
  const head = Math.floor(p / 4), steps = p - 1 - head, list = [];
  for (let i = 0; i < Math.min(k, p); i++) {
    list.push(k > p && i >= head ? head + Math.floor((2 * (i - head) * (k - 1 - head) + steps) / (2 * steps)) : i);
  }
  return list;
}

// spectrum returns the points {rank, value} of a row, rank 1 the largest, or null.
function spectrum(m, row) {
  if (!m.sketchOf.has(row)) return null;
  const text = m.sketches[m.sketchOf.get(row)], first = m.cols.s_max[row];
  const n = valuesOf(m, row), ranks = sketchRanks(n);
  const list = [];
  let at = 0, code = 0;
  for (const i of thin(ranks.length, m.points)) {
    let value = 0;
    if (at < text.length) {
      let d = digitsAt(text, at++, 1);
      if (d === base - 1) { d = digitsAt(text, at, 4); at += 4; }
      else if (d >= 80) d = 80 + (d - 80) * base + digitsAt(text, at++, 1);
      code += d;
      value = first * Math.exp(-code / 2000);
    }
    list.push({ rank: ranks[i] + 1, value });
  }
  return list;
}
