// Opens pages of `dumplens report --format html` and `census --format html` in a real browser, uses them as a person would, and
// measures what they look like.
//
//   node tests/browser/check.mjs BROWSER [--pictures FOLDER] [--within MS] PAGE.html…
//
// Prints a line of JSON for each page, with its times; ends with 1 if anything is wrong.
import { statSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { open } from "./chromium.mjs";
import { layout, pages } from "./layout.mjs";

const [program, ...rest] = process.argv.slice(2);
const option = (name) => (rest.includes(name) ? rest.splice(rest.indexOf(name), 2)[1] : undefined);
const pictures = option("--pictures");
// From asking for the page to its picture.
const within = Number(option("--within") ?? 2000);
/** Printed pages of a process with some 60 threads and 130 modules at most. */
const MOST_PAGES = 20;
const wrong = [];
const must = (holds, what) => { if (!holds) wrong.push(what); };

const DETAIL = "document.querySelector('.detail')?.innerText ?? ''";
const FOCUS = "document.activeElement?.getAttribute('role') ?? document.activeElement?.tagName";

for (const page of rest) await check(page);
wrong.forEach((what) => console.error("wrong: " + what));
process.exitCode = wrong.length ? 1 : 0;

async function check(file) {
  const name = basename(file, ".html");
  const fail = (holds, what) => must(holds, name + ": " + what);
  const browser = await open(program);
  const said = [], asked = [];
  browser.on("Runtime.consoleAPICalled", (e) => said.push(e.type + ": " + e.args.map((a) => a.value).join(" ")));
  browser.on("Runtime.exceptionThrown", (e) => said.push(e.exceptionDetails.exception?.description ?? e.exceptionDetails.text));
  browser.on("Log.entryAdded", (e) => said.push(e.entry.level + ": " + e.entry.text));
  browser.on("Network.requestWillBeSent", (e) => asked.push(e.request.url));
  await size(browser, 1280, 900);
  const started = Date.now();
  await load(browser, file);
  const drawn = Number(await browser.value("document.documentElement.dataset.drawn ?? -1"));
  const took = Date.now() - started;
  const rows = await browser.value("(document.getElementById('data') ? JSON.parse(document.getElementById('data').textContent).rows.length : 0)");
  fail(asked.length === 1 && asked[0].startsWith("file:"), "asks for " + asked.join(" "));
  fail(await browser.value("document.querySelector('h1').textContent.length > 0"), "has no headline");
  const policy = await browser.value("document.querySelector('meta[http-equiv]').content");
  fail(policy.startsWith("default-src 'none'"), "has the policy " + policy);
  if (rows > 0) {
    fail(drawn >= 0, "did not draw");
    fail(took < within, `took ${took} ms`);
    await keys(browser, fail);
    await filters(browser, fail);
  }
  fail(await fetchIsRefused(browser), "could use the network");
  if (pictures) await take(browser, name);
  await layout(browser, size, fail);
  const paper = pages(await printed(browser));
  fail(paper > 0 && paper < MOST_PAGES, `prints ${paper} pages`);
  await withoutScripts(browser, file, fail);
  // What `fetchIsRefused` provoked is the policy at work.
  const errors = said.filter((line) => !/Content Security Policy|dumplens-probe/.test(line));
  fail(errors.length === 0, errors.join("; "));
  console.log(JSON.stringify({ page: name, rows, bytes: statSync(file).size, drawn_ms: drawn, loaded_ms: took, paper }));
  await browser.close();
}

async function size(browser, width, height, deviceScaleFactor = 1) {
  await browser.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor, mobile: false });
}

async function load(browser, file) {
  const loaded = new Promise((done) => browser.on("Page.loadEventFired", done));
  await browser.send("Page.navigate", { url: pathToFileURL(resolve(file)).href });
  await loaded;
}

/** Tab reaches the picture; arrows go through the regions in order of address, and the panel tells of each. */
async function keys(browser, fail) {
  await browser.value("document.activeElement.blur(), scrollTo(0, 0)");
  const stops = new Set();
  let reached = false;
  for (let n = 0; n < 120 && !reached; n += 1) {
    await browser.key("Tab");
    stops.add(await browser.value(FOCUS));
    reached = stops.has("application");
  }
  fail(reached, "Tab does not reach the picture: " + [...stops].join(" "));
  fail(stops.has("SELECT") && stops.has("INPUT") && stops.has("BUTTON"), "Tab misses controls: " + [...stops].join(" "));
  const from = async () => BigInt("0x" + /From\s+([0-9a-f`]+)/.exec(await browser.value(DETAIL))[1].replaceAll("`", ""));
  await browser.key("Home");
  let last = await from();
  for (let n = 0; n < 5; n += 1) {
    await browser.key("ArrowRight");
    const now = await from();
    fail(now >= last, "ArrowRight goes back");
    last = now;
  }
  const there = last;
  await browser.key("ArrowLeft");
  const back = await from();
  fail(back <= there, "ArrowLeft goes on");
  for (const key of ["ArrowDown", "ArrowUp", "PageDown", "PageUp", "End", "Home"]) await browser.key(key);
  fail((await browser.value(FOCUS)) === "application", "keys leave the picture");
  fail((await browser.value("document.querySelector('.detail').getAttribute('aria-live')")) === "polite", "keys are not told of");
  fail((await browser.value("document.querySelectorAll('canvas[tabindex=\"0\"]').length")) === 1, "more than one stop for Tab");
}

/** A filter by key: pressed, counted, and undone. */
async function filters(browser, fail) {
  await browser.value("document.querySelector('.chips button').focus()");
  await browser.key(" ", "Space");
  fail((await browser.value("document.querySelector('.chips button').getAttribute('aria-pressed')")) === "true", "a filter cannot be pressed");
  fail(/regions?, .*B$/.test(await browser.value("document.querySelector('[role=status]').textContent")), "a filter does not count");
  fail((await browser.value("document.querySelectorAll('.matches tbody tr').length")) > 0, "a filter lists nothing");
  await browser.value("[...document.querySelectorAll('.controls .plain')].at(-1).focus()");
  await browser.key("Enter");
  fail((await browser.value("document.querySelectorAll('[aria-pressed=true]').length")) === 0, "filters cannot be undone");
}

/** The policy lets a script that found its way in neither run nor ask. */
async function fetchIsRefused(browser) {
  return browser.value(`(async () => {
    const script = document.createElement("script");
    script.textContent = "document.documentElement.dataset.ran = 1";
    document.body.append(script);
    const asked = await fetch("http://127.0.0.1:9/dumplens-probe").then(() => "answered", (e) => String(e));
    return !document.documentElement.dataset.ran && /Failed to fetch|Refused/.test(asked);
  })()`);
}

async function withoutScripts(browser, file, fail) {
  await browser.send("Emulation.setScriptExecutionDisabled", { value: true });
  await load(browser, file);
  const { root } = await browser.send("DOM.getDocument", { depth: -1 });
  const { outerHTML } = await browser.send("DOM.getOuterHTML", { nodeId: root.nodeId });
  fail(/<h1>/.test(outerHTML) && /<table|<p>/.test(outerHTML), "is empty without scripts");
  await browser.send("Emulation.setScriptExecutionDisabled", { value: false });
}

/** The whole page on a screen, a tablet and a phone, light and dark, folded and unfolded, and printed. */
async function take(browser, name) {
  const shot = async (what, width, height, theme = "light") => {
    await size(browser, width, height, 1);
    await browser.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: theme }] });
    await browser.value("scrollTo(0, 0), new Promise((done) => setTimeout(done, 300))");
    const { cssContentSize } = await browser.send("Page.getLayoutMetrics");
    const clip = { x: 0, y: 0, width, height: Math.min(cssContentSize.height, 6000), scale: 1 };
    const { data } = await browser.send("Page.captureScreenshot", { format: "png", captureBeyondViewport: true, clip });
    writeFileSync(join(pictures, `${name}-${what}.png`), Buffer.from(data, "base64"));
  };
  for (const width of [1400, 800, 390]) await shot(String(width), width, 900);
  await shot("dark", 1400, 900, "dark");
  await browser.value("document.querySelectorAll('details').forEach((one) => { one.open = true; })");
  for (const width of [1400, 800, 390]) await shot(`open-${width}`, width, 900);
  await size(browser, 1400, 900);
  writeFileSync(join(pictures, `${name}.pdf`), await printed(browser));
}

async function printed(browser) {
  const { data } = await browser.send("Page.printToPDF", { printBackground: false });
  return Buffer.from(data, "base64");
}
