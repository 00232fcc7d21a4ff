// What all pictures and tables are made of. Text goes in as text, never as markup.

// show makes a name printable: what cannot be seen, or would change the direction of
// writing, stands as an escape.
function show(s) {
  return s.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (c) => "\\u{" + c.codePointAt(0).toString(16) + "}");
}

// figure is a number of three digits.
function figure(v) {
  if (v === undefined || Number.isNaN(v)) return "–";
  if (v === Infinity) return "∞";
  if (v === -Infinity) return "−∞";
  if (v === 0) return "0";
  if (Number.isInteger(v) && Math.abs(v) < 1e6) return String(v);
  return Math.abs(v) < 1e-3 || Math.abs(v) >= 1e6 ? v.toExponential(2) : String(Number(v.toPrecision(3)));
}

// count is a number of parameters.
function count(n) {
  for (const [size, unit] of [[1e12, " T"], [1e9, " B"], [1e6, " M"], [1e3, " k"]]) if (n >= size) return Number((n / size).toPrecision(3)) + unit;
  return String(n);
}

function plural(n, noun) { return n + " " + noun + (n === 1 ? "" : "s"); }

function fill(e, attributes, children) {
  for (const [k, v] of Object.entries(attributes || {})) if (v !== undefined && v !== null) e.setAttribute(k, String(v));
  for (const c of children) if (c !== null) e.append(c);
  return e;
}

function el(tag, attributes, ...children) { return fill(document.createElement(tag), attributes, children); }
function svg(tag, attributes, ...children) { return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children); }

// palette is a ramp of even lightness from dark to light that readers who see colours
// differently can follow: matplotlib's viridis at ten points.
const ramp = [[68, 1, 84], [72, 40, 120], [62, 74, 137], [49, 104, 142], [38, 130, 142], [31, 158, 137], [53, 183, 121], [110, 206, 88], [181, 222, 43], [253, 231, 37]];

function palette(t) {
  const x = Math.min(1, Math.max(0, t)) * (ramp.length - 1), i = Math.min(ramp.length - 2, Math.floor(x));
  return ramp[i].map((c, k) => Math.round(c + (ramp[i + 1][k] - c) * (x - i)));
}

function luminance(rgb) {
  const [r, g, b] = rgb.map((c) => { const v = c / 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function inkOn(rgb) { return luminance(rgb) > 0.179 ? "#000" : "#fff"; }

// scaleOf maps the finite values of a list to 0…1: by logarithm where all are positive and far apart.
function scaleOf(values) {
  const finite = values.filter((v) => Number.isFinite(v));
  let low = Infinity, high = -Infinity;
  for (const v of finite) { low = Math.min(low, v); high = Math.max(high, v); }
  const log = low > 0 && high / low > 20;
  const f = log ? Math.log : (v) => v;
  return { low, high, log, of: (v) => v === Infinity ? 1 : high > low ? (f(v) - f(low)) / (f(high) - f(low)) : 0.5 };
}

// tableOf is a table of texts and elements, its first column of headings.
function tableOf(caption, heads, rows) {
  return el("table", {}, el("caption", { class: "quiet" }, caption),
    el("thead", {}, el("tr", {}, ...heads.map((h) => el("th", { scope: "col" }, h)))),
    el("tbody", {}, ...rows.map((r) => el("tr", {}, ...r.map((c, i) => i === 0 ? el("th", { scope: "row" }, c) : el("td", {}, c))))));
}

// region makes a wide table scroll, by keyboard too.
function region(label, ...children) { return el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": label }, ...children); }

// Marchenko–Pastur: the density at y of singular values whose noise has n−k and m−k
// directions and entries of standard deviation sigma. See package rmt.
function law(rows, cols, k, sigma) {
  const small = Math.min(rows, cols) - k, large = Math.max(rows, cols) - k;
  const beta = small / large, scale = sigma * Math.sqrt(large);
  const low = scale * (1 - Math.sqrt(beta)), high = scale * (1 + Math.sqrt(beta));
  const density = (y) => {
    if (!(y > low && y < high)) return 0;
    return Math.sqrt((high * high - y * y) * (y * y - low * low)) / (Math.PI * beta * scale * scale * y);
  };
  return { low, high, density };
}

// above returns how many values of a spectrum exceed y: exactly where each value is a point,
// else between points by straight lines.
function above(points, y) {
  if (points.length > 0 && points[points.length - 1].rank === points.length) return points.filter((p) => p.value > y).length;
  if (points.length === 0 || y >= points[0].value) return 0;
  for (let i = 1; i < points.length; i++) {
    const a = points[i - 1], b = points[i];
    if (y >= b.value) return a.rank + (b.rank - a.rank) * (a.value - y) / (a.value - b.value);
  }
  return points[points.length - 1].rank;
}
