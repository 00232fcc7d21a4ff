// The map: a grid of which one cell is in the order of tabs, see the pattern "grid" of ARIA.

// columnsOf lists what cells can be coloured by: a name, what it is called, and its value of a row.
function columnsOf(m) {
  const c = m.cols, ratio = (a, b) => (i) => c[a][i] / c[b][i];
  const all = [
    ["snr", "score (SNR)", (i) => c.snr[i]],
    ["rank", "rank within type, 1 the best", (i) => m.rank[i]],
    ["stable_rank", "stable rank", (i) => c.stable_rank[i]],
    ["effective_rank", "effective rank", (i) => c.effective_rank[i]],
    ["signal", "share of values that are signal", (i) => c.signal_count[i] < 0 ? NaN : c.signal_count[i] / valuesOf(m, i)],
    ["condition", "condition number", ratio("s_max", "s_min")],
    ["s_max", "largest singular value", (i) => c.s_max[i]],
    ["sigma", "noise scale σ", (i) => c.sigma[i]],
    ["threshold", "threshold", (i) => c.threshold[i]],
    ["over", "largest value over the threshold", ratio("s_max", "threshold")],
    ["ratio_sum", "signal sum over noise sum", (i) => c.ratio_sum[i]],
    ["fit", "distance to the law over its limit", ratio("fit", "fit_limit")],
    ["snr_error", "error bound of the score", (i) => c.snr_error[i]],
    ["seconds", "seconds", (i) => c.seconds[i]],
  ];
  return all.filter(([, , f]) => { for (let i = 0; i < m.rows; i++) if (!Number.isNaN(f(i))) return true; return false; });
}

// rankRows gives each row the place of its candidate within its type, and says of which scores are equal.
function rankRows(m) {
  m.rank = new Float64Array(m.rows).fill(NaN);
  m.equal = new Uint8Array(m.rows);
  const byType = new Map();
  for (let i = 0; i < m.ranked; i++) {
    const type = m.ct[m.cand[i]][1];
    if (!byType.has(type)) byType.set(type, []);
    if (m.order[i] >= 0) byType.get(type).push(i);
  }
  m.ofType = byType;
  for (const list of byType.values()) {
    list.sort((a, b) => m.order[b] - m.order[a]);
    list.forEach((c, j) => {
      const same = [j - 1, j + 1].some((k) => list[k] !== undefined && m.order[list[k]] === m.order[c]);
      for (const r of m.rowsOf[c]) { m.rank[r] = j + 1; m.equal[r] = same ? 1 : 0; }
    });
  }
}

// linesOfMap sorts rows into lines: what has one type and one place before the number of its block.
function linesOfMap(m) {
  const lines = new Map();
  for (let i = 0; i < m.rows; i++) {
    const t = rowTemplate(m, i), before = m.names[t[0]][0], key = before + " " + t[2];
    if (!lines.has(key)) lines.set(key, { name: m.lines[t[2]], before, cells: new Map(), folds: false });
    const line = lines.get(key), n = m.rowNumber[i];
    if (!line.cells.has(n)) line.cells.set(n, []);
    line.cells.get(n).push(i);
    line.folds = line.folds || line.cells.get(n).length > 1;
  }
  const list = [...lines.values()], twice = new Map();
  for (const l of list) twice.set(l.name, (twice.get(l.name) || 0) + 1);
  for (const l of list) l.label = show(twice.get(l.name) > 1 ? m.befores[l.before] + "… " + l.name : l.name);
  return list;
}

// stateOf returns the mark of a row, and in words what it means.
function stateOf(m, i) {
  if (m.texts.error.has(i)) return ["×", "failed: " + show(m.texts.error.get(i))];
  if (m.texts.tied.has(i)) return ["∥", "shares " + show(m.texts.tied.get(i))];
  if (m.texts.absent.has(i)) return ["–", "not ranked: " + show(m.texts.absent.get(i))];
  if (!rowTemplate(m, i)[7]) return ["–", "not ranked"];
  if (m.cols.snr[i] === Infinity) return ["∞", "saturated"];
  if (m.cols.snr_error[i] === Infinity) return ["?", "no digit of the score is certain"];
  if (m.cols.uncertain[i] > 0) return ["?", plural(m.cols.uncertain[i], "value") + " within the error of the threshold"];
  if (m.equal[i]) return ["=", "of equal score with another"];
  return ["", ""];
}

function isChosen(m, sel, i) { return m.candidate[i] >= 0 && sel.chosen[m.candidate[i]] === 1; }

function middle(list) {
  const sorted = list.filter((v) => !Number.isNaN(v)).sort((a, b) => a - b);
  return sorted.length ? sorted[(sorted.length - 1) >> 1] : NaN;
}

// cellOf says of the rows of a cell what it shows.
function cellOf(m, sel, rows, value, scale) {
  const chosen = rows.filter((i) => isChosen(m, sel, i)).length;
  if (rows.length === 1) {
    const [mark, words] = stateOf(m, rows[0]), v = value(rows[0]);
    return { value: v, t: scale.of(v), chosen: chosen > 0, mark: mark || (chosen ? "●" : ""), label: show(moduleOf(m, rowName(m, rows[0]))) + ": " + figure(v) + (chosen ? ", chosen" : "") + (words ? ", " + words : "") };
  }
  const v = middle(rows.map(value)), failed = rows.filter((i) => m.texts.error.has(i)).length;
  return { value: v, t: scale.of(v), chosen: chosen > 0, mark: failed ? "×" : chosen === rows.length ? "●" : chosen ? "◐" : "▸", label: rows.length + " experts: median " + figure(v) + ", " + chosen + " chosen" + (failed ? ", " + failed + " failed" : "") };
}

// paint shows a cell.
function paint(td, c) {
  td.className = (Number.isNaN(c.value) ? "none" : "") + (c.chosen ? " chosen" : "") + (c.mark === "?" ? " uncertain" : "");
  const rgb = Number.isNaN(c.value) ? null : palette(c.t);
  td.style.backgroundColor = rgb ? "rgb(" + rgb.join(",") + ")" : "";
  td.style.color = rgb ? inkOn(rgb) : "";
  td.textContent = c.mark;
  td.setAttribute("aria-label", c.label);
  td.setAttribute("aria-selected", c.chosen ? "true" : "false");
  td.title = c.label;
}

// makeGrid builds a grid of lines {label, cells: Map of column → rows}; open is called with the rows of a cell.
function makeGrid(label, lines, columns, heads, open, tell) {
  const cells = [];
  const head = el("tr", {}, el("td", {}), ...heads.map((h) => el("th", { scope: "col" }, h)));
  const body = lines.map((line, r) => {
    cells.push([]);
    return el("tr", {}, el("th", { scope: "row" }, line.label), ...columns.map((n, k) => {
      const rows = line.cells.get(n);
      const td = el("td", rows ? { role: "gridcell", tabindex: -1 } : { role: "gridcell", "aria-label": "none" });
      if (rows) cells[r][k] = { td, rows };
      return td;
    }));
  });
  const table = el("table", { class: "map", role: "grid", "aria-label": label, "aria-multiselectable": "true", "aria-describedby": "keys" }, el("thead", {}, head), el("tbody", {}, ...body));
  const grid = { table, cells, at: null };
  const go = (r, k, focus) => {
    const c = cells[r] && cells[r][k];
    if (!c) return false;
    if (grid.at) grid.at.td.tabIndex = -1;
    grid.at = c;
    c.td.tabIndex = 0;
    if (focus) { c.td.focus(); tell(c.td.getAttribute("aria-label")); }
    return true;
  };
  const find = (td) => { for (let r = 0; r < cells.length; r++) for (let k = 0; k < columns.length; k++) if (cells[r][k] && cells[r][k].td === td) return [r, k]; return null; };
  table.addEventListener("click", (e) => {
    const at = find(e.target.closest("td"));
    if (at) { go(at[0], at[1], true); open(grid.at.rows, grid.at.td); }
  });
  table.addEventListener("keydown", (e) => {
    const at = find(document.activeElement);
    if (!at || e.ctrlKey || e.altKey || e.metaKey) return;
    if (e.key === "Enter" || e.key === " ") { e.preventDefault(); open(grid.at.rows, grid.at.td); return; }
    const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0], Home: [0, 1], End: [0, -1], PageDown: [5, 0], PageUp: [-5, 0] }[e.key];
    if (!step) return;
    e.preventDefault();
    let [r, k] = at;
    if (e.key === "Home") k = -1;
    if (e.key === "End") k = columns.length;
    if (step[0] !== 0) { down(r, k, step[0]); return; }
    do k += step[1]; while (k >= 0 && k < columns.length && !cells[r][k]);
    go(r, k, true);
  });
  const down = (r, k, by) => { // to the nearest cell of another line
    const to = Math.min(cells.length - 1, Math.max(0, r + by));
    const there = Object.keys(cells[to]).map(Number).sort((a, b) => Math.abs(a - k) - Math.abs(b - k));
    if (to !== r && there.length) go(to, there[0], true);
  };
  for (let r = 0; r < cells.length && !grid.at; r++) for (let k = 0; k < columns.length && !grid.at; k++) go(r, k, false);
  grid.paint = (m, sel, value, scale) => cells.forEach((row) => row.forEach((c) => { if (c) paint(c.td, cellOf(m, sel, c.rows, value, scale)); }));
  return grid;
}
