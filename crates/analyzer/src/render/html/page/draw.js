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
