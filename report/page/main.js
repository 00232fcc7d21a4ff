// Starts the page.

const page = JSON.parse(document.getElementById("data").textContent);
const models = page.models.map((raw) => decode(raw, page.weight));
models.forEach(rankRows);
const state = { model: models[0], sel: null, settings: null, grid: null, inner: null, opened: null, row: -1, later: 0, refused: false };

// reselect chooses anew and shows what follows.
function reselect() {
  const s = readSettings(page), m = state.model;
  try {
    state.sel = choose(m, s);
  } catch (e) {
    at("summary").textContent = "Nothing can be chosen so: " + show(e.message) + ".";
    state.sel = { groups: [], chosen: new Uint8Array(m.count), count: 0, params: 0, rule: "" };
    state.settings = s;
    showTypes(m, state.sel);
    state.refused = true;
    showFile(page, m, state.sel, s, true);
    repaint();
    return;
  }
  state.settings = s;
  state.refused = false;
  at("summary").textContent = summarise(m, state.sel, s);
  showTypes(m, state.sel);
  showFile(page, m, state.sel, s, false);
  repaint();
  if (state.row >= 0 && !at("layer").hidden) openLayer(state.row, null, true);
  if (models.length > 1) { // when the slider rests: the table is long
    clearTimeout(state.later);
    state.later = setTimeout(compareBy, 150, s);
  }
}

function compareBy(s) {
  try {
    showComparison(at("comparison"), models[0], models[1], choose(models[0], s), choose(models[1], s));
  } catch (e) {
    at("comparison").textContent = show(e.message);
  }
}

// repaint colours the maps.
function repaint() {
  const m = state.model, [, label, value] = m.columns[at("colour").selectedIndex];
  const values = [];
  for (let i = 0; i < m.rows; i++) values.push(value(i));
  const scale = scaleOf(values);
  for (const g of [state.grid, state.inner]) if (g) g.paint(m, state.sel, value, scale);
  at("legend").replaceChildren(figure(scale.low) + " ", el("span", { class: "ramp", role: "img", "aria-label": "from dark, low, to light, high" }, ...Array.from({ length: 10 }, (_, i) => {
    const bit = el("span", {});
    bit.style.backgroundColor = "rgb(" + palette((i + 0.5) / 10).join(",") + ")";
    return bit;
  })), " " + figure(scale.high) + (scale.log ? ", by logarithm" : ""));
  at("legend").setAttribute("data-column", label);
}

function announce(words) { at("announce").textContent = words; }

// openCell opens what is in a cell: a layer, or the map of a line's experts.
function openCell(rows, from) {
  if (rows.length > 1) openExperts(rows, from);
  else openLayer(rows[0], from);
}

function openLayer(row, from, quiet) {
  if (from) state.opened = from;
  state.row = row;
  showLayer(at("layer"), state.model, state.sel, row, (r) => openLayer(r, null), () => {
    at("layer").hidden = true;
    state.row = -1;
    if (state.opened && state.opened.isConnected) state.opened.focus();
  }, !quiet);
}

// openFirst shows a layer to begin with: the best of the chosen that has a spectrum.
function openFirst() {
  const m = state.model, chosen = state.sel ? state.sel.groups.flatMap((g) => g.chosen).flatMap((c) => m.rowsOf[c]) : [];
  const row = [...chosen, ...m.sketchOf.keys()].find((i) => m.sketchOf.has(i));
  if (row !== undefined) openLayer(row, null, true);
}

// openExperts shows the map of one type of experts, block by block.
function openExperts(rows, from) {
  const m = state.model, t = rowTemplate(m, rows[0]), before = m.names[t[0]][0];
  const lines = new Map(), columns = new Map();
  for (let i = 0; i < m.rows; i++) {
    const u = rowTemplate(m, i);
    if (u[2] !== t[2] || m.names[u[0]][0] !== before) continue;
    const n = m.rowNumber[i], e = u[6];
    if (!lines.has(n)) lines.set(n, { label: "block " + (m.numbers[n] || "–"), cells: new Map() });
    columns.set(e, e < 0 ? "–" : m.experts[e]);
    const cells = lines.get(n).cells;
    cells.set(e, [...(cells.get(e) || []), i]);
  }
  const order = [...columns.keys()].sort((a, b) => columns.get(a).length - columns.get(b).length || (columns.get(a) < columns.get(b) ? -1 : 1));
  const list = [...lines].sort((a, b) => a[0] - b[0]).map(([, line]) => line);
  const heading = el("h3", { tabindex: -1 }, "Experts of " + show(m.lines[t[2]]));
  const shut = el("button", { type: "button" }, "Close this map");
  shut.addEventListener("click", () => { at("inner").hidden = true; state.inner = null; from.focus(); });
  state.inner = makeGrid("Experts of " + show(m.lines[t[2]]), list, order, order.map((e) => columns.get(e)), (r, td) => openLayer(r[0], td), announce);
  at("inner").replaceChildren(heading, shut, el("div", { class: "scroll" }, state.inner.table));
  at("inner").hidden = false;
  repaint();
  heading.focus();
}

// setModel shows one of the results.
function setModel(m) {
  state.model = m;
  state.inner = null;
  at("inner").hidden = true;
  at("layer").hidden = true;
  m.columns = m.columns || columnsOf(m);
  at("colour").replaceChildren(...m.columns.map(([, label]) => el("option", {}, label)));
  at("format").replaceChildren(...m.files.map((f) => el("option", {}, f.format)));
  const numbers = m.numbers.map((_, i) => i);
  state.grid = makeGrid("Blocks and types", linesOfMap(m), numbers, numbers.map((i) => m.numbers[i] || "–"), openCell, announce);
  at("grid").replaceChildren(state.grid.table);
  reselect();
  openFirst();
}

// start shows what needs the program, and listens.
function start() {
  for (const id of ["choosing", "map", "compare"]) if (at(id)) at(id).hidden = false;
  at("optimiser").replaceChildren(...page.optimisers.map((o) => el("option", {}, o)));
  at("precision").replaceChildren(...page.precisions.map((o) => el("option", {}, o)));
  at("top").addEventListener("input", () => { at("percent").value = at("top").value; reselect(); });
  at("percent").addEventListener("input", () => { at("top").value = at("percent").value; reselect(); });
  for (const id of ["scope", "optimiser", "precision"]) at(id).addEventListener("change", reselect);
  for (const id of ["include", "exclude", "budget"]) at(id).addEventListener("input", reselect);
  at("format").addEventListener("change", () => showFile(page, state.model, state.sel, state.settings, state.refused));
  at("colour").addEventListener("change", repaint);
  at("copy-command").addEventListener("click", () => copy(at("command").textContent, at("copy-command")));
  if (at("which")) at("which").addEventListener("change", () => setModel(models[Number(at("which").value)]));
  at("percent").value = String(page.percent);
  at("top").value = String(page.percent);
  setModel(models[0]);
}

start();
