// The controls: what they say, and what follows from it.

function at(id) { return document.getElementById(id); }

// readSettings reads the controls; page has the bytes of a parameter by optimiser and precision.
function readSettings(page) {
  const patterns = (id) => at(id).value.split(/\s+/).filter((p) => p !== "");
  const s = { percent: Math.min(100, Math.max(0, Number(at("percent").value) || 0)), ceil: false, scope: at("scope").value, min: 0, max: 0, budget: 0, bytes: 0, include: patterns("include"), exclude: patterns("exclude") };
  s.optimiser = at("optimiser").value;
  s.precision = at("precision").value;
  const each = page.bytes[page.optimisers.indexOf(s.optimiser)][page.precisions.indexOf(s.precision)];
  const gibibytes = Number(at("budget").value);
  if (gibibytes > 0) { s.budget = Math.min(Number.MAX_SAFE_INTEGER, Math.floor(gibibytes * 2 ** 30)); s.bytes = each; }
  s.each = each;
  return s;
}

// summarise says what is chosen.
function summarise(m, sel, s) {
  let total = 0;
  for (let i = 0; i < m.ranked; i++) total += m.ct[m.cand[i]][2];
  const tied = sel.groups.filter((g) => g.tie).map((g) => show(m.types[g.type]));
  const parts = [sel.count + " of " + m.ranked + " layers"];
  if (sel.params > 0) parts.push(count(sel.params) + " parameters" + (total > 0 ? ", " + figure(100 * sel.params / total) + " % of those ranked" : ""), figure(sel.params * s.each / 2 ** 30) + " GiB of gradients and optimiser state");
  return parts.join("; ") + "." + (tied.length ? " Ties decide in " + tied.join(", ") + ": layers of equal score, of which those are taken that come first." : "");
}

// showTypes lists what is chosen of each type.
function showTypes(m, sel) {
  const rows = sel.groups.map((g) => [show(m.types[g.type]), g.chosen.length + " of " + g.candidates, g.tie ? "yes" : "no"]);
  at("bytype").replaceChildren(el("details", {}, el("summary", {}, "By type"), region("Chosen by type", tableOf("Chosen by type", ["Type", "Chosen", "Decided by a tie"], rows))));
}

let lastURL = "";

// showFile shows the trainer's file, or says how it is made; of settings that were refused there is none.
function showFile(page, m, sel, s, refused) {
  const f = m.files[at("format").selectedIndex], text = refused ? null : fileText(m, page.head, f, sel);
  at("about-format").textContent = f.about;
  at("command").textContent = commandOf(m, f, s);
  at("file").textContent = text === null ? (sel.count === 0 ? "Nothing is chosen." : "The command below writes this format.") : show0(text);
  at("file-buttons").hidden = text === null;
  if (lastURL) URL.revokeObjectURL(lastURL);
  lastURL = "";
  if (text === null) return;
  lastURL = URL.createObjectURL(new Blob([text], { type: "application/octet-stream" }));
  at("download").href = lastURL;
  at("download").download = f.name;
  at("copy-file").onclick = () => copy(text, at("copy-file"));
}

// show0 shows the beginning of a long text, line by line.
function show0(text) {
  const lines = text.split("\n"), some = lines.slice(0, 400);
  return some.map(show).join("\n") + (lines.length > some.length ? "\n… " + (lines.length - some.length) + " more lines" : "");
}

// copy puts a text into the clipboard; without one it selects what is shown.
function copy(text, button) {
  const say = (words) => { const was = button.dataset.words || button.textContent; button.dataset.words = was; button.textContent = words; setTimeout(() => { button.textContent = was; }, 2000); };
  const old = () => {
    const area = el("textarea", { readonly: "" });
    area.value = text;
    document.body.append(area);
    area.select();
    const ok = document.execCommand("copy");
    area.remove();
    button.focus();
    say(ok ? "Copied" : "Not copied: download it");
  };
  if (navigator.clipboard) navigator.clipboard.writeText(text).then(() => say("Copied"), old);
  else old();
}
