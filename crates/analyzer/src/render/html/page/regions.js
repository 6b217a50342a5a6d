// Draws the address space: regions in order of address, line by line, in clusters between large gaps. The files of this folder are
// one function, in the order in which `html/mod.rs` joins them.
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
