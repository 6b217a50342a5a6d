// Draws the address space: regions in order of address, line by line, in clusters between large gaps.
"use strict";
(() => {
  const app = document.getElementById("map");
  const island = document.getElementById("data");
  if (!app || !island) return;
  const data = JSON.parse(island.textContent);

  // ---- The regions ----
  const BLANK = "none";
  const word = (n) => (n < 0 ? null : data.strings[n]);
  const FIELDS = ["usage", "state", "type", "protect"];
  const regions = decode(data.rows);

  function decode(rows) {
    const list = [];
    let end = 0n;
    for (const [base, size, usage, state, type, protect, detail, fact, allocation, count] of rows) {
      const from = base === "" ? end : BigInt("0x" + base);
      const bytes = BigInt("0x" + size);
      // What lies between two rows is not in the dump: neither memory nor free.
      if (list.length && from > end) list.push(hole(end, from - end));
      end = from + bytes;
      list.push({
        from, bytes, size: Number(bytes), usage: word(usage) ?? BLANK, state: word(state) ?? BLANK,
        type: word(type) ?? BLANK, protect: word(protect) ?? BLANK, detail: word(detail), fact: word(fact),
        allocation: allocation === null ? null : allocation === "" ? from : BigInt("0x" + allocation),
        count, free: word(state) === "MEM_FREE", hole: false, on: true,
      });
    }
    return list;
  }

  function hole(from, bytes) {
    return {
      from, bytes, size: Number(bytes), usage: BLANK, state: BLANK, type: BLANK, protect: BLANK, detail: null,
      fact: null, allocation: null, count: 0, free: false, hole: true, on: true,
    };
  }

  // ---- Words ----
  const UNITS = [[2 ** 40, "TB"], [2 ** 30, "GB"], [2 ** 20, "MB"], [2 ** 10, "kB"]];
  function size(bytes, digits) {
    const [unit, name] = UNITS.find(([unit]) => bytes >= unit) ?? UNITS[3];
    const number = (bytes / unit).toFixed(digits);
    return (digits === 1 ? number.replace(/\.0$/, "") : number) + " " + name;
  }
  function hex(value) {
    const digits = value.toString(16);
    if (data.bits === 32 && digits.length <= 8) return digits.padStart(8, "0");
    return digits.padStart(16, "0").slice(0, 8).replace(/^0+(?=.)/, "") + "`" + digits.padStart(16, "0").slice(8);
  }
  function element(name, attributes = {}, ...children) {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children);
    return node;
  }
  function what(region) {
    if (region.hole) return "Not in the dump";
    if (region.count > 1) return region.count + " regions, the largest " + region.usage;
    return region.usage;
  }

  // ---- Clusters: what stands between large gaps ----
  const MOST_GAPS = 24;
  const LEAST_GAP = data.bits === 32 ? 2 ** 24 : 2 ** 30;
  const clusters = cut();

  function cut() {
    const wide = regions.filter((r) => (r.free || r.hole) && r.size >= LEAST_GAP).sort((a, b) => b.size - a.size);
    const gaps = new Set(wide.slice(0, MOST_GAPS));
    const found = [];
    let open = null;
    regions.forEach((region, index) => {
      if (gaps.has(region)) { open = null; found.push({ gap: region }); return; }
      if (!open) found.push((open = { members: [] }));
      region.cluster = open;
      region.index = index;
      open.members.push(region);
    });
    return found;
  }

  // ---- Colours ----
  const BY = {
    usage: (r) => ({ Image: "image", Heap: "heap", Stack: "stack", TEB: "teb", PEB: "peb", PageHeap: "pageheap",
      GC: "gc", Other: "other", "<unknown>": "unknown" })[r.usage.replace(/(32|64)$| .*/, "")] ?? "plain",
    state: (r) => (r.state === "MEM_RESERVE" ? "cool" : "warm"),
    type: (r) => ({ MEM_IMAGE: "image", MEM_MAPPED: "mild", MEM_PRIVATE: "heap" })[r.type] ?? "plain",
    protect: (r) => (/EXECUTE/.test(r.protect) ? (/WRITE/.test(r.protect) ? "hot" : "warm") : /GUARD/.test(r.protect)
      ? "unknown" : /WRITE/.test(r.protect) ? "mild" : /READ/.test(r.protect) ? "cool" : "plain"),
  };
  let colourBy = "usage";
  let palette = {};
  function readPalette() {
    const style = getComputedStyle(document.documentElement);
    const names = ["image", "heap", "stack", "unknown", "pageheap", "teb", "peb", "gc", "other", "plain", "warm", "hot", "cool",
      "mild", "ink", "muted", "line", "strong", "paper", "cell-ink", "accent"];
    palette = Object.fromEntries(names.map((name) => [name, style.getPropertyValue("--" + name).trim()]));
  }

  // ---- Filters ----
  const chosen = Object.fromEntries(FIELDS.map((field) => [field, new Set()]));
  let inUse = [];
  function filter() {
    for (const r of regions) {
      r.on = !r.hole && FIELDS.every((field) => chosen[field].size === 0 || chosen[field].has(r[field]));
    }
    const any = FIELDS.some((field) => chosen[field].size > 0);
    if (!any) regions.forEach((r) => (r.on = true));
    inUse = regions.filter((r) => r.on && r.cluster);
    return any;
  }

  // ---- Layout and drawing ----
  const LINE = 20, CELL = 16;
  let perDoubling = 4;
  const doublings = (r) => Math.max(1, Math.log2(Math.max(r.size, 1) / 4096) + 1);

  function layOut(width) {
    const all = regions.reduce((sum, r) => sum + (r.cluster ? doublings(r) : 0), 0);
    perDoubling = Math.min(5, Math.max(0.5, (width * 48) / Math.max(all, 1)));
    for (const cluster of clusters) {
      if (cluster.gap) continue;
      let x = 0, line = 0, before = null;
      cluster.lines = [[]];
      for (const r of cluster.members) {
        const apart = before && (before.allocation !== r.allocation || r.free || r.hole);
        if (apart && x > 0) x += perDoubling > 1.2 ? 2 : 0.5;
        const w = Math.min(width, Math.max(1, doublings(r) * perDoubling));
        if (x + w > width && x > 0) { x = 0; line += 1; cluster.lines.push([]); }
        r.x = x; r.line = line; r.w = w;
        cluster.lines[line].push(r);
        x += w;
        before = r;
      }
      cluster.width = width;
    }
  }

  function draw(cluster) {
    const canvas = cluster.canvas;
    const scale = window.devicePixelRatio || 1;
    const height = cluster.lines.length * LINE;
    canvas.width = Math.round(cluster.width * scale);
    canvas.height = Math.round(height * scale);
    canvas.style.height = height + "px";
    const pen = canvas.getContext("2d");
    pen.scale(scale, scale);
    pen.font = "10px system-ui, sans-serif";
    pen.textBaseline = "middle";
    for (const r of cluster.members) cell(pen, r);
    if (current && current.cluster === cluster) {
      pen.globalAlpha = 1;
      pen.strokeStyle = palette.ink;
      pen.lineWidth = 2;
      pen.strokeRect(current.x + (current.w > 4 ? 1 : -1), current.line * LINE + 1, Math.max(current.w - 2, 4), CELL);
    }
  }

  function cell(pen, r) {
    const y = r.line * LINE + 1;
    const w = r.w > 3 ? r.w - 0.75 : r.w;
    pen.globalAlpha = r.on ? 1 : 0.13;
    const colour = palette[BY[colourBy](r)];
    const empty = r.free || r.hole;
    if (empty) {
      pen.strokeStyle = palette.strong;
      pen.lineWidth = 1;
      if (r.hole) pen.setLineDash([2, 2]);
      if (w > 2) pen.strokeRect(r.x + 0.5, y + 0.5, Math.max(w - 1, 0.5), CELL - 1);
      pen.setLineDash([]);
    } else {
      pen.fillStyle = colour;
      if (r.state === "MEM_RESERVE") {
        pen.globalAlpha *= 0.28;
        pen.fillRect(r.x, y, w, CELL);
        pen.globalAlpha /= 0.28;
        hatch(pen, r.x, y, w, colour);
      } else {
        pen.fillRect(r.x, y, w, CELL);
      }
    }
    label(pen, r, y, w, empty || r.state === "MEM_RESERVE");
  }

  function hatch(pen, x, y, w, colour) {
    if (w < 3) return;
    pen.save();
    pen.beginPath();
    pen.rect(x, y, w, CELL);
    pen.clip();
    pen.strokeStyle = colour;
    pen.lineWidth = 1;
    pen.beginPath();
    for (let at = x - CELL; at < x + w; at += 5) { pen.moveTo(at, y + CELL); pen.lineTo(at + CELL, y); }
    pen.globalAlpha *= 0.55;
    pen.stroke();
    pen.restore();
  }

  function label(pen, r, y, w, pale) {
    const text = size(r.size, 1);
    const wide = text.length * 5.6;
    if (w < wide + 8) return;
    if (pale && !r.free && !r.hole) {
      pen.fillStyle = palette.paper;
      pen.globalAlpha *= 0.75;
      pen.fillRect(r.x + 2, y + 2, wide + 4, CELL - 4);
      pen.globalAlpha /= 0.75;
    }
    pen.fillStyle = pale ? (r.free ? palette.muted : palette.ink) : palette["cell-ink"];
    pen.fillText(text, r.x + 4, y + CELL / 2 + 0.5);
  }

  const drawAll = () => clusters.forEach((cluster) => cluster.canvas && draw(cluster));

  // ---- Finding, choosing, telling ----
  let current = null;
  const detail = element("aside", { class: "detail", "aria-live": "polite", "aria-label": "The region chosen" });

  function at(cluster, event) {
    const box = cluster.canvas.getBoundingClientRect();
    const x = event.clientX - box.left;
    const line = cluster.lines[Math.floor((event.clientY - box.top) / LINE)];
    if (!line) return null;
    let low = 0, high = line.length;
    while (low < high) { const mid = (low + high) >> 1; if (line[mid].x <= x) low = mid + 1; else high = mid; }
    const found = line[low - 1];
    return found && x <= found.x + Math.max(found.w, 3) ? found : null;
  }

  function choose(region, follow) {
    if (!region || region === current) return;
    const before = current;
    current = region;
    if (before && before.cluster !== region.cluster) draw(before.cluster);
    draw(region.cluster);
    for (const cluster of clusters) {
      if (cluster.canvas) cluster.canvas.tabIndex = cluster === region.cluster ? 0 : -1;
    }
    tell(region);
    if (!follow) return;
    region.cluster.canvas.focus({ preventScroll: true });
    const top = region.cluster.canvas.getBoundingClientRect().top + region.line * LINE;
    if (top < 40 || top > window.innerHeight - 60) window.scrollBy(0, top - window.innerHeight / 2);
  }

  function tell(r) {
    const rows = [
      ["From", hex(r.from), "mono"], ["To", hex(r.from + r.bytes), "mono"],
      ["Size", size(r.size, 3) + " (0x" + r.bytes.toString(16) + ")"],
      ["Is", r.detail], ["State", r.state], ["Type", r.type], ["Protection", r.protect],
      ["Allocation", r.allocation === null ? null : hex(r.allocation), "mono"],
      ["Known by", r.fact],
    ];
    const request = data.request ? BigInt("0x" + data.request) : null;
    if (r.free && request) rows.push(["Asked for", r.bytes >= request ? "would fit here" : "would not fit here"]);
    const list = element("dl");
    for (const [name, value, kind] of rows) {
      if (value === null || value === BLANK) continue;
      list.append(element("dt", {}, name), element("dd", kind ? { class: kind } : {}, value));
    }
    detail.replaceChildren(element("h3", {}, what(r)), list);
  }

  /** By keys; what the filter leaves out is passed over. */
  function move(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !current) return;
    const from = current;
    const step = (by) => {
      let low = 0, high = inUse.length;
      while (low < high) { const mid = (low + high) >> 1; if (inUse[mid].index < from.index) low = mid + 1; else high = mid; }
      const to = by > 0 && inUse[low] !== from ? low : low + by;
      return inUse[to];
    };
    const line = (by) => {
      const lines = from.cluster.lines;
      const next = lines[from.line + by];
      if (!next) return neighbour(by, by > 0 ? 0 : -1);
      return nearest(next, from.x + from.w / 2);
    };
    const neighbour = (by, which) => {
      const drawn = clusters.filter((cluster) => cluster.canvas);
      const next = drawn[drawn.indexOf(from.cluster) + by];
      return next && (which === 0 ? next.members : next.lines.at(-1)).find((r) => r.on);
    };
    const nearest = (line, x) => line.filter((r) => r.on).reduce((best, r) =>
      !best || Math.abs(r.x + r.w / 2 - x) < Math.abs(best.x + best.w / 2 - x) ? r : best, null);
    const to = {
      ArrowRight: () => step(1), ArrowLeft: () => step(-1), ArrowDown: () => line(1), ArrowUp: () => line(-1),
      Home: () => from.cluster.members.find((r) => r.on), End: () => from.cluster.members.findLast((r) => r.on),
      PageDown: () => neighbour(1, 0), PageUp: () => neighbour(-1, 0),
    }[event.key];
    if (!to) return;
    event.preventDefault();
    detail.setAttribute("aria-live", "polite");
    choose(to(), true);
  }

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
    const words = region.free ? " free" : " of which the dump tells nothing";
    const request = data.request ? BigInt("0x" + data.request) : null;
    const fits = request && region.free ? (region.bytes >= request ? ", room for what was asked for" : ", less than was asked for") : "";
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
    else if (!found.cluster) status.textContent = "in " + size(found.size, 3) + (found.free ? " of free space" : " that the dump does not tell of");
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

  // ---- Start, and what changes later ----
  let width = 0;
  function fit(force) {
    const now = Math.floor(document.getElementById("clusters").clientWidth);
    if (now === 0 || (now === width && !force)) return;
    width = now;
    layOut(width);
    drawAll();
  }
  function repaint() { readPalette(); paintChips(); drawAll(); }

  build();
  readPalette();
  paintChips();
  filter();
  fit();
  const start = clusters.find((cluster) => !cluster.gap);
  if (start) choose(start.members[0], false);
  new ResizeObserver(() => fit()).observe(document.getElementById("clusters"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  addEventListener("beforeprint", () => {
    document.documentElement.classList.add("printing");
    document.querySelectorAll("details:not([open])").forEach((d) => { d.dataset.folded = ""; d.open = true; });
    repaint();
  });
  addEventListener("afterprint", () => {
    document.documentElement.classList.remove("printing");
    document.querySelectorAll("details[data-folded]").forEach((d) => { delete d.dataset.folded; d.open = false; });
    repaint();
  });
  document.documentElement.dataset.drawn = String(Math.round(performance.now()));
})();
