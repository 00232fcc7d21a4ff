// Chooses as package selection does: the same rounding, the same order where scores are equal.

// choose returns {groups, chosen, count, params, rule}; it throws what is wrong with the settings.
// Settings are percent, ceil, scope, min, max, budget, bytes, include and exclude.
function choose(m, s) {
  const include = matcher(m, s.include), exclude = matcher(m, s.exclude);
  const layers = [];
  for (let i = 0; i < m.count; i++) {
    const [name, type, params] = m.ct[m.cand[i]];
    const x = { index: i, name, type, params, order: m.order[i], group: 0, pool: -1, forced: false, chosen: false };
    x.never = exclude(i);
    x.forced = !x.never && include(i);
    if (i < m.ranked || x.forced) layers.push(x);
  }
  checkPatterns(m, s, layers);
  const c = { s, all: [], groups: [], taken: [], pools: [], left: s.budget > 0 ? s.budget : Infinity };
  enterLayers(m, c, layers);
  if (c.left < 0) throw new Error("the layers that are always chosen exceed the budget");
  rankPools(c);
  take(c);
  return chosenOf(m, c);
}

function checkPatterns(m, s, layers) {
  for (const p of [...s.include, ...s.exclude]) {
    const fits = matcher(m, [p]);
    if (!layers.some((x) => fits(x.index))) throw new Error("pattern " + JSON.stringify(p) + " matches no layer");
  }
}

function cost(c, x) { return c.s.bytes ? x.params * c.s.bytes : x.params; }

function enterLayers(m, c, layers) {
  const groups = new Map(), pools = new Map();
  for (const x of layers) {
    if (x.never) continue;
    if (c.s.budget > 0 && x.params <= 0) throw new Error("a budget needs sizes, and that of " + candidateName(m, x.index) + " is unknown");
    if (!groups.has(x.type)) {
      groups.set(x.type, c.groups.length);
      c.groups.push({ type: x.type, candidates: 0, chosen: [], tie: false });
      c.taken.push(0);
    }
    x.group = groups.get(x.type);
    c.groups[x.group].candidates++;
    c.all.push(x);
    if (x.forced) {
      x.chosen = true;
      c.left -= cost(c, x);
      continue;
    }
    const key = poolOf(m, c.s, x);
    if (!pools.has(key)) {
      pools.set(key, c.pools.length);
      c.pools.push({ members: [], quota: 0, taken: 0 });
    }
    x.pool = pools.get(key);
    c.pools[x.pool].members.push(x);
  }
}

function poolOf(m, s, x) {
  if (s.scope === "type") return x.type;
  if (s.scope === "global") return 0;
  const number = m.numbers[m.number[x.index]];
  return number === "" ? "" : m.befores[m.names[x.name][0]] + number;
}

const byScore = (a, b) => b.order - a.order;

function percentOf(s) { return s.percent === 0 && s.budget > 0 ? 100 : s.percent; }

function rankPools(c) {
  for (const p of c.pools) {
    const n = p.members.length;
    let quota = n * percentOf(c.s) / 100;
    if (c.s.ceil) quota = Math.ceil(quota);
    p.quota = Math.trunc(Math.min(quota, n));
    p.members = p.members.filter((x) => x.order >= 0).sort(byScore);
    p.members.forEach((x, j) => { x.share = (j + 1) / n; });
  }
}

function take(c) {
  const queue = c.all.filter((x) => !x.forced && x.order >= 0).sort(byScore);
  const attempt = (x) => {
    if (c.s.max > 0 && c.taken[x.group] >= c.s.max || cost(c, x) > c.left) return;
    x.chosen = true;
    c.left -= cost(c, x);
    c.taken[x.group]++;
    c.pools[x.pool].taken++;
  };
  if (c.s.min > 0) {
    for (const x of queue) if (c.taken[x.group] < c.s.min) attempt(x);
  }
  queue.sort((a, b) => a.share - b.share);
  for (const x of queue) {
    const p = c.pools[x.pool];
    if (p.taken < p.quota && !x.chosen) attempt(x);
  }
}

function findTies(c) {
  for (const p of c.pools) {
    for (let from = 0; from < p.members.length;) {
      let to = from, chosen = 0;
      for (; to < p.members.length && p.members[to].order === p.members[from].order; to++) if (p.members[to].chosen) chosen++;
      if (chosen > 0 && chosen < to - from) {
        for (let i = from; i < to; i++) c.groups[p.members[i].group].tie = true;
      }
      from = to;
    }
  }
}

function chosenOf(m, c) {
  findTies(c);
  const out = { groups: c.groups, chosen: new Uint8Array(m.count), count: 0, params: 0, rule: ruleOf(c.s), settings: c.s };
  for (const x of c.all) {
    if (!x.chosen) continue;
    c.groups[x.group].chosen.push(x);
    out.chosen[x.index] = 1;
    out.count++;
    out.params += x.params;
  }
  for (const g of c.groups) g.chosen = g.chosen.sort(byScore).map((x) => x.index);
  return out;
}

// ruleOf is the rule in words, as selection.Selector has it.
function ruleOf(s) {
  const of = { type: "each type", block: "each block", global: "all layers" }[s.scope];
  const parts = ["top " + percentOf(s) + " % of " + of];
  if (s.ceil) parts.push("rounded up");
  if (s.min > 0) parts.push("at least " + s.min + " of each type");
  if (s.max > 0) parts.push("at most " + s.max + " of each type");
  if (s.budget > 0 && !s.bytes) parts.push("at most " + s.budget + " parameters");
  if (s.budget > 0 && s.bytes) parts.push("at most " + s.budget + " bytes at " + s.bytes + " a parameter");
  if (s.include.length > 0) parts.push("always " + s.include.join(", "));
  if (s.exclude.length > 0) parts.push("never " + s.exclude.join(", "));
  return parts.join("; ");
}
