// What .ci/report does in the browser: see there.
import { execFileSync, execSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, rmSync } from "node:fs";
import assert from "node:assert/strict";
import puppeteer from "puppeteer-core";

const dir = process.argv[2];
const browser = await puppeteer.launch({ executablePath: execSync("command -v chromium").toString().trim(), args: ["--no-sandbox", "--disable-gpu"] });
const complaints = [];

async function open(file, scripts = true) {
  const page = await browser.newPage();
  await page.setJavaScriptEnabled(scripts);
  page.on("console", (m) => complaints.push(m.text()));
  page.on("pageerror", (e) => complaints.push(e.message));
  page.on("request", (r) => { if (!/^(file|blob):/.test(r.url())) complaints.push("request of " + r.url()); });
  await page.goto("file://" + dir + "/" + file);
  return page;
}

const text = (page, selector) => page.$eval(selector, (e) => e.textContent);
const set = (page, id, value) => page.$eval("#" + id, (e, v) => {
  e.value = v;
  e.dispatchEvent(new Event(e.tagName === "SELECT" ? "change" : "input"));
}, String(value));

// download clicks the link and returns what has arrived when the browser says that it is whole.
async function download(page) {
  const folder = dir + "/downloads";
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  const client = await browser.target().createCDPSession();
  await client.send("Browser.setDownloadBehavior", { behavior: "allow", downloadPath: folder, eventsEnabled: true });
  const whole = new Promise((done, fail) => {
    setTimeout(() => fail(new Error("nothing was downloaded")), 20_000).unref();
    client.on("Browser.downloadProgress", (e) => { if (e.state === "completed") done(); });
  });
  await page.click("#download");
  await whole;
  await client.detach();
  const [name] = readdirSync(folder);
  return readFileSync(folder + "/" + name, "utf8");
}

// command runs what the page says.
function command(line) {
  return execFileSync("bash", ["-c", line.replace(/ -o \S+$/, "")], { env: { ...process.env, PATH: dir + ":" + process.env.PATH }, stdio: ["ignore", "pipe", "ignore"] }).toString();
}

const settings = [];
for (const scope of ["type", "block", "global"]) for (const percent of [12.5, 25, 50]) settings.push({ scope, percent });
settings.push({ percent: 30, include: "*.[01].* *embed*", exclude: "*down_proj" }, { percent: 100, scope: "global", budget: 0.002 }, { percent: 20, include: "*norm*" }, { percent: 20, include: "nothing" });

let page = await open("report.html");
let files = 0;
for (const s of settings) {
  for (const id of ["percent", "scope", "include", "exclude", "budget"]) await set(page, id, s[id] ?? { scope: "type" }[id] ?? "");
  for (const format of ["names", "axolotl", "python", "ms-swift", "peft"]) {
    await set(page, "format", format);
    const line = await text(page, "#command");
    let want = null;
    try { want = command(line); } catch { /* the command refuses it */ }
    const offered = await page.$eval("#file-buttons", (e) => !e.hidden);
    if (format === "peft") assert.equal(offered, false);
    else if (want === null) {
      assert.match(await text(page, "#summary"), /matches no layer|^0 of/, line);
      assert.equal(offered, false, line);
    }
    else { assert.ok(offered, line); assert.equal(await download(page), want, line); files++; }
  }
}
assert.ok(files >= 40, files + " files");

// The map is one stop of the Tab key; arrows move, Enter opens, each step is announced.
await set(page, "percent", 25);
for (const id of ["percent", "include", "exclude", "budget"]) await set(page, id, id === "percent" ? 25 : "");
assert.equal((await page.$$("#grid td[tabindex='0']")).length, 1);
await page.focus("#colour");
await page.keyboard.press("Tab");
assert.equal(await page.evaluate(() => document.activeElement.getAttribute("role")), "gridcell");
for (const key of ["ArrowDown", "ArrowRight", "ArrowDown", "ArrowLeft", "End", "ArrowUp"]) await page.keyboard.press(key);
assert.match(await text(page, "#announce"), /^model\.layers\.7\.mlp\.down_proj: /);
await page.keyboard.press("Enter");
assert.equal(await page.evaluate(() => document.activeElement.textContent), "model.layers.7.mlp.down_proj");
assert.equal((await page.$$("#layer svg")).length, 2);
await page.evaluate(() => [...document.querySelectorAll("#layer button")].at(-1).click());
assert.equal(await page.evaluate(() => document.activeElement.getAttribute("role")), "gridcell");
await page.click("#grid tr:nth-child(3) td[aria-label]");
for (let i = 0; i < (await page.$$("#colour option")).length; i++) await page.$eval("#colour", (e, k) => { e.selectedIndex = k; e.dispatchEvent(new Event("change")); }, i);
await set(page, "which", 1);
assert.match(await text(page, "#summary"), /^14 of 57 layers/);

for (const file of ["report.html", "one.html"]) {
  page = await open(file);
  await page.evaluate(() => { for (const d of document.querySelectorAll("details")) d.open = true; });
  for (const scheme of ["light", "dark"]) {
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    await page.evaluate(readFileSync("node_modules/axe-core/axe.min.js", "utf8"));
    const found = (await page.evaluate(() => axe.run())).violations;
    assert.deepEqual(found.map((v) => v.id + ": " + v.nodes[0].html), [], file + ", " + scheme);
  }
}

page = await open("report.html", false);
assert.match(await page.content(), /8 of 8/);
assert.deepEqual(complaints, []);
await browser.close();
console.log(files + " files are those of the command; axe-core finds nothing");
