// ---- The page's parts ----
function build() {
  const body = element("div", { class: "mapbody" });
  const picture = element("div", { id: "clusters" });
  let number = 0;
  const count = clusters.filter((cluster) => !cluster.gap).length;
  for (const cluster of clusters) {
    picture.append(cluster.gap ? gap(cluster.gap) : figure(cluster, (number += 1), count));
  }
  body.append(picture, detail);
  app.append(controls(), matches, body);
  app.hidden = false;
}

function gap(region) {
  const largest = data.largest_free !== null && region.free && BigInt("0x" + data.largest_free) === region.from;
  const words = region.free ? " free" : " unknown: not in the memory map";
  const request = data.request ? BigInt("0x" + data.request) : null;
  const fits = request && region.free ? (region.bytes >= request ? ", large enough for the request" : ", too small for the request") : "";
  const extra = (largest ? ", the largest free region" : "") + fits;
  return element("div", { class: largest ? "gap largest" : "gap" },
    element("span", {}, element("b", {}, size(region.size, 3)), words + extra));
}

function figure(cluster, number, count) {
  const first = cluster.members[0], last = cluster.members.at(-1);
  const busy = cluster.members.filter((r) => !r.free && !r.hole);
  const bytes = busy.reduce((sum, r) => sum + r.size, 0);
  const many = busy.reduce((sum, r) => sum + r.count, 0);
  const range = hex(first.from) + " – " + hex(last.from + last.bytes);
  const words = size(bytes, 3) + " in " + many + (many === 1 ? " region" : " regions");
  cluster.canvas = element("canvas", {
    tabindex: number === 1 ? "0" : "-1", role: "application",
    "aria-roledescription": "memory map",
    "aria-label": "Block " + number + " of " + count + ", " + range + ", " + words +
      ". Arrow keys go from region to region, Page Up and Page Down from block to block.",
  });
  cluster.canvas.addEventListener("keydown", move);
  cluster.canvas.addEventListener("focus", () => { if (!current || current.cluster !== cluster) choose(first, false); });
  const point = (event) => { detail.setAttribute("aria-live", "off"); choose(at(cluster, event), false); };
  cluster.canvas.addEventListener("pointermove", point);
  cluster.canvas.addEventListener("pointerdown", point);
  return element("figure", { class: "cluster" },
    element("figcaption", {}, element("span", { class: "addr" }, range), element("span", {}, words)), cluster.canvas);
}

const NAMES = { usage: "Usage", state: "State", type: "Type", protect: "Protection" };
const status = element("span", { role: "status" });

function controls() {
  const box = element("div", { class: "controls" });
  const by = element("select", { "aria-label": "Colour by" });
  FIELDS.forEach((field) => by.append(element("option", { value: field }, NAMES[field].toLowerCase())));
  by.addEventListener("change", () => { colourBy = by.value; paintChips(); drawAll(); });
  const address = element("input", { type: "text", placeholder: "address", "aria-label": "Go to an address", spellcheck: "false" });
  address.addEventListener("keydown", (event) => { if (event.key === "Enter") find(address); });
  const reset = element("button", { type: "button", class: "plain" }, "Show all");
  reset.addEventListener("click", () => {
    FIELDS.forEach((field) => chosen[field].clear());
    box.querySelectorAll("[aria-pressed]").forEach((chip) => chip.setAttribute("aria-pressed", "false"));
    apply();
  });
  box.append(element("span", {}, "Colour by"), element("div", { class: "line" }, by, address, reset, status));
  for (const field of FIELDS) {
    const group = chips(field);
    if (group.childElementCount) box.append(element("span", {}, NAMES[field]), group);
  }
  return box;
}

const swatches = [];
function chips(field) {
  const box = element("div", { class: "chips", role: "group", "aria-label": "Show only: " + NAMES[field] });
  const kinds = new Map();
  for (const r of regions) {
    if (r.hole || (r[field] === BLANK)) continue;
    const kind = kinds.get(r[field]) ?? { count: 0, example: r };
    kind.count += r.count;
    kinds.set(r[field], kind);
  }
  for (const [name, kind] of [...kinds].sort((a, b) => b[1].count - a[1].count)) {
    const swatch = element("i", { "aria-hidden": "true" });
    swatches.push({ swatch, field, example: kind.example });
    const chip = element("button", { type: "button", "aria-pressed": "false" }, swatch,
      name.replace(/^(MEM|PAGE)_/, "").replaceAll(" | PAGE_", " + "), element("small", {}, String(kind.count)));
    chip.addEventListener("click", () => {
      const on = !chosen[field].delete(name);
      if (on) chosen[field].add(name);
      chip.setAttribute("aria-pressed", String(on));
      apply();
    });
    box.append(chip);
  }
  return box;
}

function paintChips() {
  for (const { swatch, field, example } of swatches) {
    swatch.hidden = field !== colourBy || example.free;
    swatch.style.display = swatch.hidden ? "none" : "";
    swatch.style.background = palette[BY[field](example)];
  }
}

function find(input) {
  const text = input.value.trim().replaceAll("`", "").replace(/^0x/i, "");
  if (!/^[0-9a-f]{1,16}$/i.test(text)) { status.textContent = "not an address"; return; }
  const wanted = BigInt("0x" + text);
  const found = regions.find((r) => r.from <= wanted && wanted < r.from + r.bytes);
  if (!found) status.textContent = "outside the map";
  else if (!found.cluster) status.textContent = "in " + size(found.size, 3) + (found.free ? " of free space" : " that the memory map does not contain");
  else { status.textContent = ""; choose(found, true); }
}

const SHOWN = 8;
const matches = element("div", { class: "matches" });
function apply() {
  const any = filter();
  drawAll();
  const list = any ? regions.filter((r) => r.on) : [];
  const bytes = list.reduce((sum, r) => sum + r.size, 0);
  const many = list.reduce((sum, r) => sum + r.count, 0);
  status.textContent = any ? many + " regions, " + size(bytes, 3) : "";
  matches.replaceChildren();
  if (!any || !list.length) return;
  const table = element("table");
  const head = element("tr");
  ["Base", "Size", "Usage", "State", "Protection", ""].forEach((name) => head.append(element("th", { scope: "col" }, name)));
  const rows = element("tbody");
  for (const r of [...list].sort((a, b) => b.size - a.size).slice(0, SHOWN)) {
    const go = element("button", { type: "button" }, hex(r.from));
    go.addEventListener("click", () => r.cluster && choose(r, true));
    if (!r.cluster) go.disabled = true;
    const cells = [go, size(r.size, 3), what(r), r.state, r.protect === BLANK ? "" : r.protect, r.detail ?? ""];
    rows.append(element("tr", {}, ...cells.map((cell) => element("td", {}, cell))));
  }
  table.append(element("thead", {}, head), rows);
  matches.append(element("h3", {}, "The largest of them"), element("div", { class: "scroll" }, table));
}
