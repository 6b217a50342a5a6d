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
