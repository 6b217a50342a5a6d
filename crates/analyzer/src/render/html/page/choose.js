// ---- Finding, choosing, telling ----
let current = null;
const detail = element("aside", { class: "detail", "aria-live": "polite", "aria-label": "The selected region" });

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
    ["Details", r.detail], ["State", r.state], ["Type", r.type], ["Protection", r.protect],
    ["Allocation", r.allocation === null ? null : hex(r.allocation), "mono"],
    ["Known by", r.fact],
  ];
  const request = data.request ? BigInt("0x" + data.request) : null;
  if (r.free && request) rows.push(["Request", r.bytes >= request ? "fits here" : "does not fit here"]);
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
