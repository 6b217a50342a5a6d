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
