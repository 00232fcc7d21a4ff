// Patterns of names, as Go's path.Match takes them, by which the command includes and excludes.

// compilePattern returns a test of a whole string; it throws for a malformed pattern.
function compilePattern(pattern) {
  const chars = [...pattern];
  const bad = () => new Error("pattern " + JSON.stringify(pattern) + " is malformed");
  const literal = (c) => "\\u{" + c.codePointAt(0).toString(16) + "}";
  let source = "";
  let i = 0;
  const escaped = () => { // a character of a class
    if (i >= chars.length || chars[i] === "-" || chars[i] === "]") throw bad();
    if (chars[i] === "\\" && ++i >= chars.length) throw bad();
    const c = chars[i++];
    if (i >= chars.length) throw bad();
    return c;
  };
  while (i < chars.length) {
    const c = chars[i++];
    if (c === "*") source += "[^/]*";
    else if (c === "?") source += "[^/]";
    else if (c === "\\") {
      if (i >= chars.length) throw bad();
      source += literal(chars[i++]);
    } else if (c === "[") {
      const not = chars[i] === "^";
      if (not) i++;
      const ranges = [];
      for (;;) {
        if (i < chars.length && chars[i] === "]" && ranges.length > 0) { i++; break; }
        const lo = escaped();
        let hi = lo;
        if (chars[i] === "-") { i++; hi = escaped(); }
        ranges.push([lo.codePointAt(0), hi.codePointAt(0)]);
      }
      const text = ranges.filter(([lo, hi]) => lo <= hi).map(([lo, hi]) => "\\u{" + lo.toString(16) + "}-\\u{" + hi.toString(16) + "}").join("");
      source += text ? "[" + (not ? "^" : "") + text + "]" : not ? "[^]" : "[]";
    } else source += literal(c);
  }
  const re = new RegExp("^" + source + "$", "su");
  return (s) => re.test(s);
}

// matcher returns whether the name of a candidate, of its module or of its type fits one of the patterns.
function matcher(m, patterns) {
  const tests = patterns.map(compilePattern);
  return (i) => {
    if (tests.length === 0) return false;
    const name = candidateName(m, i), type = m.types[m.ct[m.cand[i]][1]];
    return tests.some((t) => t(name) || t(moduleOf(m, name)) || t(type));
  };
}
