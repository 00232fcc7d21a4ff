// One layer: its spectrum in two pictures, its numbers, and what they say.

const wide = 460, high = 300, left = 52, right = 10, top = 24, bottom = 34;

// axes draws a frame with ticks; x and y map values to points.
function axes(x, y, xTicks, yTicks, xLabel, yLabel) {
  const g = svg("g", {});
  g.append(svg("path", { class: "axis", d: `M${left} ${top}V${high - bottom}H${wide - right}` }));
  for (const v of xTicks) g.append(svg("path", { class: "axis", d: `M${x(v)} ${high - bottom}v4` }), svg("text", { x: x(v), y: high - bottom + 15, "text-anchor": "middle" }, figure(v)));
  for (const v of yTicks) g.append(svg("path", { class: "axis", d: `M${left} ${y(v)}h-4` }), svg("text", { x: left - 6, y: y(v) + 4, "text-anchor": "end" }, figure(v)));
  g.append(svg("text", { x: (left + wide - right) / 2, y: high - 4, "text-anchor": "middle" }, xLabel), svg("text", { x: 4, y: 12 }, yLabel));
  return g;
}

// ticks are round numbers between two; of a logarithm powers of ten, and 2 and 5 where there are few.
function ticks(low, high, log) {
  const list = [];
  if (log) {
    const wideRange = Math.log10(high / low) > 2;
    for (let e = Math.floor(Math.log10(low)); e <= Math.log10(high); e++) for (const f of wideRange ? [1] : [1, 2, 5]) list.push(Number((f * 10 ** e).toPrecision(3)));
    const inside = list.filter((v) => v >= low * 0.999 && v <= high * 1.001), every = Math.ceil(inside.length / 8);
    return inside.filter((_, i) => i % every === 0);
  }
  const raw = (high - low) / 5, p = 10 ** Math.floor(Math.log10(raw)), stepBy = [1, 2, 5, 10].map((f) => f * p).find((s) => s >= raw);
  for (let i = Math.ceil(low / stepBy); i * stepBy <= high; i++) list.push(Number((i * stepBy).toPrecision(6)));
  return list;
}

function picture(title, caption, ...parts) {
  return el("figure", {}, svg("svg", { viewBox: `0 0 ${wide} ${high}`, width: wide, height: high, role: "img", "aria-label": title }, ...parts), el("figcaption", {}, caption));
}

// rankPlot is value over rank, both by logarithm, with the threshold and the band of the error.
function rankPlot(points, t, error, signal) {
  const list = points.filter((p) => p.value > 0), last = list[list.length - 1];
  const low = Math.min(last.value, t > 0 ? t : last.value) / 1.15, highest = list[0].value * 1.15, ranks = Math.max(2, points[points.length - 1].rank);
  const x = (r) => left + (wide - left - right) * Math.log(r) / Math.log(ranks);
  const y = (v) => high - bottom - (high - top - bottom) * Math.log(Math.min(highest, Math.max(low, v)) / low) / Math.log(highest / low);
  const path = (of) => list.map((p, i) => (i ? "L" : "M") + x(p.rank).toFixed(1) + " " + y(of(p)).toFixed(1)).join("");
  const parts = [axes(x, y, ticks(1, ranks, true), ticks(low, highest, true), "rank", "singular value")];
  if (error > 0) {
    const back = [...list].reverse().map((p) => "L" + x(p.rank).toFixed(1) + " " + y(p.value - error).toFixed(1)).join("");
    parts.push(svg("path", { class: "band", d: path((p) => p.value + error) + back + "Z" }));
  }
  parts.push(svg("path", { class: "noise", d: path((p) => p.value) }));
  for (const p of list) if (p.rank <= signal && (p.rank <= 40 || p.rank % 4 === 0)) parts.push(svg("circle", { class: "signal", cx: x(p.rank).toFixed(1), cy: y(p.value).toFixed(1), r: 1.8 }));
  if (t > 0) parts.push(svg("path", { class: "limit", d: `M${left} ${y(t)}H${wide - right}` }), svg("text", { x: wide - right, y: y(t) - 4, "text-anchor": "end" }, "threshold t = " + figure(t)));
  return picture("Singular values by rank, both by logarithm", "Values by rank, by logarithm. Dots are signal; the line alone is noise" + (error > 0 ? "; a shaded band, where it is wide enough to be seen, is the certified error." : "."), ...parts);
}

// histogram counts values in bins, with the law of the noise where there is one.
function histogram(m, row, points, t) {
  const k = m.cols.signal_count[row], template = rowTemplate(m, row), n = valuesOf(m, row);
  const noise = m.law && k < n && m.cols.sigma[row] > 0 ? law(template[3], template[4], k, m.cols.sigma[row]) : null;
  const end = Math.min(points[0].value * 1.02, Math.max(2.2 * (t > 0 ? t : 0), 1.5 * points[Math.min(points.length - 1, points.length >> 2)].value)) || 1;
  const bins = 48, width = end / bins, counts = [];
  for (let i = 0; i < bins; i++) counts.push(Math.max(0, (i === 0 ? points[points.length - 1].rank : above(points, i * width)) - above(points, (i + 1) * width)));
  const beyond = Math.round(above(points, end));
  const curve = [];
  if (noise) for (let i = 0; i <= 200; i++) { const v = noise.low + (noise.high - noise.low) * i / 200; curve.push([v, (n - k) * noise.density(v) * width]); }
  const most = Math.max(1, ...counts, ...curve.map((p) => Math.min(p[1], 1.5 * Math.max(...counts))));
  const x = (v) => left + (wide - left - right) * v / end, y = (c) => high - bottom - (high - top - bottom) * Math.min(c, most) / most;
  const parts = [axes(x, y, ticks(0, end, false), ticks(0, most, false), "singular value", "values in a bin")];
  counts.forEach((c, i) => { if (c > 0) parts.push(svg("rect", { class: t > 0 && (i + 0.5) * width > t ? "bar signal" : "bar", x: x(i * width).toFixed(1), y: y(c).toFixed(1), width: Math.max(0.5, x(width) - left - 0.7).toFixed(1), height: (high - bottom - y(c)).toFixed(1) })); });
  const seen = curve.filter((p) => p[0] <= end);
  if (seen.length) parts.push(svg("path", { class: "law", d: seen.map((p, i) => (i ? "L" : "M") + x(p[0]).toFixed(1) + " " + y(p[1]).toFixed(1)).join("") }));
  if (t > 0 && t < end) parts.push(svg("path", { class: "limit", d: `M${x(t)} ${top}V${high - bottom}` }), svg("text", { x: x(t), y: top - 3, "text-anchor": "middle" }, "t"));
  const about = "How many values are where" + (beyond ? "; " + beyond + " lie beyond the right end" : "") + ". "
    + (noise ? "Dashed: the Marchenko–Pastur law of the noise" + (noise.low > end ? ", which lies beyond the right end." : ".") : m.law ? "There is no noise for a law." : "No law is drawn: σ of the noise scale " + show(m.noise || "") + " belongs to none; --noise kn has one.");
  return picture("Histogram of the singular values", about, ...parts);
}

// sentence says what the numbers say.
function sentence(m, row) {
  const c = m.cols, n = valuesOf(m, row), [, words] = stateOf(m, row), type = show(m.types[rowTemplate(m, row)[1]]);
  if (m.texts.error.has(row)) return "This layer has no numbers: it " + words + ".";
  const list = m.candidate[row] >= 0 ? m.ofType.get(m.ct[m.cand[m.candidate[row]]][1]) : [];
  const place = Number.isNaN(m.rank[row]) ? "it is " + (words || "not ranked") : "its score of " + figure(c.snr[row]) + " is number " + m.rank[row] + " of " + list.length + " in " + type;
  if (!(n > 0)) return "Of this layer the result has a score alone: " + place + ".";
  if (c.s_max[row] === 0) return "Every weight is zero, so there is neither signal nor noise; " + place + ".";
  const k = c.signal_count[row];
  if (k === n) return "All of the " + plural(n, "singular value") + " lie above the threshold of " + figure(c.threshold[row]) + ", so nothing is left as noise and the score is infinite; it cannot rank this layer against others like it.";
  const over = c.s_max[row] / c.threshold[row];
  const about = k === 0 ? "None of the " + n + " singular values rises above the threshold: by this measure the matrix is noise" : k + " of " + n + " singular values stand above the threshold, the largest " + figure(over) + " times as high";
  return about + "; " + place + (c.uncertain[row] > 0 ? ", though " + plural(c.uncertain[row], "value") + " may be on either side of the threshold, for so wide is the error" : "") + ".";
}

// neighbours lists the layers of one type around this one, by score.
function neighbours(m, sel, row, open) {
  const c = m.candidate[row];
  if (c < 0 || m.order[c] < 0) return null;
  const list = m.ofType.get(m.ct[m.cand[c]][1]), at = list.indexOf(c);
  const near = list.slice(Math.max(0, at - 4), at + 5);
  const link = (i) => {
    const r = m.rowsOf[i][0], name = show(moduleOf(m, candidateName(m, i)));
    if (i === c || r === undefined) return name;
    const b = el("button", { type: "button" }, name);
    b.addEventListener("click", () => open(r));
    return b;
  };
  return region("Neighbours by score", tableOf("Neighbours by score in " + show(m.types[m.ct[m.cand[c]][1]]), ["Layer", "Rank", "Score", "State"],
    near.map((i) => [link(i), String(list.indexOf(i) + 1), figure(middle(m.rowsOf[i].map((r) => m.cols.snr[r]))), sel.chosen[i] ? "chosen" : "left"])));
}

// showLayer fills the section of a layer.
function showLayer(section, m, sel, row, open, close, focus) {
  const c = m.cols, t = rowTemplate(m, row), name = show(moduleOf(m, rowName(m, row)));
  const heading = el("h2", { id: "h-layer", tabindex: -1 }, name);
  const shut = el("button", { type: "button" }, "Back to the map");
  shut.addEventListener("click", close);
  section.replaceChildren(heading, el("p", {}, sentence(m, row)));
  const points = t[3] > 0 ? spectrum(m, row) : null;
  if (points && points.some((p) => p.value > 0)) section.append(el("div", { class: "pictures" }, rankPlot(points, c.threshold[row], c.value_error[row], c.signal_count[row]), histogram(m, row, points, c.threshold[row])));
  else if (t[3] > 0) section.append(el("p", { class: "quiet" }, "The page has no spectrum of this layer."));
  const facts = [["state", (isChosen(m, sel, row) ? "chosen" : "left") + (stateOf(m, row)[1] ? ", " + stateOf(m, row)[1] : "")], ["type", show(m.types[t[1]])]];
  if (t[3] > 0) {
    facts.push(["matrix", t[3] + " × " + t[4] + " " + show(m.dtypes[t[5]])], ["score (SNR)", figure(c.snr[row]) + (c.snr_error[row] >= 0 ? ", relative error at most " + figure(c.snr_error[row]) : "")],
      ["signal, noise", c.signal_count[row] + ", " + (valuesOf(m, row) - c.signal_count[row]) + " values"], ["σ, threshold t", figure(c.sigma[row]) + ", " + figure(c.threshold[row]) + (m.law && m.edge ? ", the edge of the noise (" + show(m.edge) + ")" : "")],
      ["largest, smallest value", figure(c.s_max[row]) + ", " + figure(c.s_min[row]) + ", each ± " + figure(c.value_error[row])], ["condition", figure(c.s_max[row] / c.s_min[row])],
      ["stable, effective rank", figure(c.stable_rank[row]) + ", " + figure(c.effective_rank[row])], ["seconds", figure(c.seconds[row])]);
    if (c.fit_limit[row] > 0) facts.push(["distance to the law", figure(c.fit[row]) + " (Gaussian noise keeps below " + figure(c.fit_limit[row]) + ")"]);
  }
  section.append(el("dl", {}, ...facts.flatMap(([k, v]) => [el("dt", {}, k), el("dd", {}, v)])));
  const near = neighbours(m, sel, row, open);
  if (near) section.append(near);
  section.append(el("p", {}, shut));
  section.hidden = false;
  if (focus) heading.focus();
}
