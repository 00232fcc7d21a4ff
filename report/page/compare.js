// Two results against each other, layer by layer.

// pairsOf matches the ranked rows of two models by the names of their modules.
function pairsOf(a, b) {
  const there = new Map();
  for (let i = 0; i < b.rows; i++) if (!Number.isNaN(b.rank[i])) there.set(moduleOf(b, rowName(b, i)), i);
  const pairs = [];
  let onlyA = 0;
  for (let i = 0; i < a.rows; i++) {
    if (Number.isNaN(a.rank[i])) continue;
    const j = there.get(moduleOf(a, rowName(a, i)));
    if (j === undefined) onlyA++;
    else pairs.push([i, j]);
  }
  return { pairs, onlyA, onlyB: there.size - pairs.length };
}

// scatter is the score in one over the score in the other, with the diagonal.
function scatter(a, b, pairs) {
  const list = pairs.map(([i, j]) => [a.cols.snr[i], b.cols.snr[j]]).filter(([x, y]) => x > 0 && y > 0 && Number.isFinite(x) && Number.isFinite(y));
  if (list.length === 0) return el("p", {}, "There are no finite scores in both.");
  let low = Infinity, most = 0;
  for (const [x, y] of list) { low = Math.min(low, x, y); most = Math.max(most, x, y); }
  low /= 1.1; most *= 1.1;
  const f = (v) => Math.log(v / low) / Math.log(most / low);
  const x = (v) => left + (wide - left - right) * f(v), y = (v) => high - bottom - (high - top - bottom) * f(v);
  const dots = list.map(([u, v]) => `M${x(u).toFixed(1)} ${y(v).toFixed(1)}m-1.5 0h3m-1.5 -1.5v3`).join("");
  return picture("Score in the second result over the score in the first", "Each cross is a layer, by logarithm; on the dashed diagonal nothing changed. " + (pairs.length - list.length) + " layers without a finite score in both are left out.",
    axes(x, y, ticks(low, most, true), ticks(low, most, true), "score in the first", "score in the second"),
    svg("path", { class: "law", d: `M${x(low)} ${y(low)}L${x(most)} ${y(most)}` }), svg("path", { class: "noise", d: dots }));
}

// names lists some of many.
function listOf(title, all) {
  const some = all.slice(0, 200);
  return el("div", {}, el("h3", {}, title + ": " + all.length), el("p", {}, some.length ? some.join(", ") + (all.length > some.length ? " and " + (all.length - some.length) + " more" : "") : "none"));
}

const mostChanges = 2000;

// showComparison says what changes from a to b, whose selections are by the same settings.
function showComparison(box, a, b, selA, selB) {
  const { pairs, onlyA, onlyB } = pairsOf(a, b);
  const name = (i) => show(moduleOf(a, rowName(a, i)));
  const enters = pairs.filter(([i, j]) => !isChosen(a, selA, i) && isChosen(b, selB, j)), leaves = pairs.filter(([i, j]) => isChosen(a, selA, i) && !isChosen(b, selB, j));
  const change = ([i, j]) => b.rank[j] - a.rank[i];
  const sorted = [...pairs].sort((p, q) => Math.abs(change(q)) - Math.abs(change(p))).slice(0, mostChanges);
  const rows = sorted.map((p) => {
    const [i, j] = p, d = change(p);
    return [name(i), figure(a.cols.snr[i]), figure(b.cols.snr[j]), String(a.rank[i]), String(b.rank[j]), d === 0 ? "0" : (d > 0 ? "+" : "−") + Math.abs(d), isChosen(a, selA, i) ? isChosen(b, selB, j) ? "stays" : "leaves" : isChosen(b, selB, j) ? "enters" : ""];
  });
  box.replaceChildren(
    el("p", {}, pairs.length + " layers are ranked in both, " + onlyA + " only in the first, " + onlyB + " only in the second."),
    scatter(a, b, pairs),
    listOf("Enter the selection", enters.map(([i]) => name(i))), listOf("Leave it", leaves.map(([i]) => name(i))),
    region("Changes of rank", tableOf("Change of rank within its type, largest first" + (pairs.length > rows.length ? ", the first " + rows.length : ""), ["Layer", "Score, first", "Score, second", "Rank, first", "Rank, second", "Change", "Selection"], rows)));
}
