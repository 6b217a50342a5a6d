// What a page looks like at each width and on paper, measured: nothing is cut, collapsed, left empty or far from what it belongs to.

/** Widths that are looked at: a screen, a tablet and a phone. */
const WIDTHS = [1400, 800, 390];
/** A4 less Chromium's margins. */
const PAPER = 717;

/** All folds open, as on paper. */
const UNFOLD = "document.querySelectorAll('details').forEach((one) => { one.open = true; })";

// Each expression is a list of what is wrong.
const CHECKS = {
  // The page itself never scrolls sideways.
  cut: `document.documentElement.scrollWidth > innerWidth ? ["the page is " + document.documentElement.scrollWidth + " px wide"] : []`,
  // No column is a pillar of words, whatever stands beside it.
  collapsed: `[...document.querySelectorAll("td, tbody th")].filter((cell) => {
    if (cell.clientWidth >= 84) return false;
    const words = document.createRange();
    words.selectNodeContents(cell);
    return new Set([...words.getClientRects()].map((line) => Math.round(line.top / 4))).size > 3;
  }).slice(0, 3).map((cell) => "a column is " + cell.clientWidth + " px wide, and its words " + cell.innerText.length + " long: " + cell.innerText.slice(0, 60))`,
  rows: `[...document.querySelectorAll(".threads, .groups")].map((table) => table.parentElement)
    .filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => "rows are cut: " + one.innerText.slice(0, 60))`,
  tables: `[...document.querySelectorAll(".scroll")].filter((one) => one.scrollWidth > one.clientWidth + 1)
    .map((one) => "a table is cut: " + one.scrollWidth + " of " + one.clientWidth + " px: " + one.innerText.slice(0, 60))`,
  // The tiles of each line fill it.
  tiles: `[...document.querySelectorAll(".tiles")].flatMap((box) => {
    const end = box.getBoundingClientRect().right - 2;
    const lines = new Map();
    for (const tile of box.children) {
      const { top, right } = tile.getBoundingClientRect();
      lines.set(top, Math.max(right, lines.get(top) ?? 0));
    }
    return [...lines.values()].filter((right) => right < end).map((right) => "a hole of " + (end - right) + " px beside the tiles");
  })`,
  evidence: `[...document.querySelectorAll(".evidence")].flatMap((one) => {
    const [label, value] = [...one.children].map((part) => part.getBoundingClientRect());
    const apart = value.left - label.right;
    return value.top < label.bottom - 2 && apart > 40 ? ["a value stands " + apart + " px from its label"] : [];
  })`,
  colours: `(() => {
    const chips = [...document.querySelectorAll(".chips")].find((box) => /Usage/.test(box.getAttribute("aria-label")));
    const seen = new Map();
    return [...chips?.querySelectorAll("i") ?? []].filter((swatch) => !swatch.hidden).flatMap((swatch) => {
      // Both halves of a WOW64 process, and the generations of a collector, are of one class.
      const name = swatch.parentElement.childNodes[1].textContent.replace(/(32|64)$| .*/, "");
      const colour = swatch.style.background, other = seen.get(colour);
      seen.set(colour, name);
      return other && other !== name ? [name + " and " + other + " have one colour"] : [];
    });
  })()`,
  // Bars to scale stand before the picture with its logarithm, and are as long as they say.
  bars: `(() => {
    const bars = [...document.querySelectorAll("#space .owners rect")];
    if (!bars.length) return document.getElementById("space") && document.getElementById("map") ? ["no bars to scale"] : [];
    const shares = [...document.querySelectorAll("#space .owners tbody tr")].map((row) => parseFloat(row.children[2].textContent));
    const widths = bars.map((bar) => bar.getBoundingClientRect().width);
    const longest = [...document.querySelectorAll(".owners")].map((table) => table.querySelector("rect").getBoundingClientRect());
    const end = bars[0].closest(".scroll").getBoundingClientRect().right;
    if (longest.some((bar) => bar.width < 40 || bar.right > end + 1)) return ["bars to scale cannot be seen"];
    return widths.flatMap((width, n) => Math.abs(width / widths[0] - shares[n] / shares[0]) > 0.02 ? ["bar " + n + " is " + width + " px for " + shares[n] + "%"] : []);
  })()`,
  // A picture of what fills the memory can be read: its largest area shows its words, in letters of some size.
  treemap: `[...document.querySelectorAll(".treemap")].flatMap((picture) => {
    const words = picture.querySelector("p"), box = words.getBoundingClientRect(), all = picture.getBoundingClientRect();
    const size = parseFloat(getComputedStyle(words).fontSize) * all.width / picture.clientWidth;
    if (size < 10 || box.height < 10) return ["the picture's words are " + size + " px large"];
    return box.right > all.right + 1 ? ["words leave the picture"] : [];
  })`,
};

/** Looks at a page that is loaded, at each width; leaves it unfolded. */
export async function layout(browser, size, fail) {
  const look = async (where, names) => {
    for (const name of names) {
      for (const what of await browser.value(CHECKS[name])) fail(false, where + ": " + what);
    }
  };
  await browser.value(UNFOLD);
  for (const width of WIDTHS) {
    await size(browser, width, 844);
    await settled(browser);
    // On a phone some tables can be scrolled, and their edges show that.
    const whole = [width >= 800 ? "tables" : "rows"];
    await look(width + " px", ["cut", "collapsed", "tiles", "evidence", "colours", "bars", "treemap", ...whole]);
    await panel(browser, width, fail);
    await matches(browser, width, fail);
  }
  await size(browser, PAPER, 1000);
  await browser.send("Emulation.setEmulatedMedia", { media: "print" });
  await settled(browser);
  await look("on paper", ["cut", "collapsed", "tables", "tiles", "evidence"]);
  await browser.send("Emulation.setEmulatedMedia", { media: "" });
}

const settled = (browser) => browser.value("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");

/** The panel that lies over the picture leaves most of a phone to it. */
async function panel(browser, width, fail) {
  const high = await browser.value(`(() => {
    const detail = document.querySelector(".detail");
    return detail && innerWidth < 960 ? detail.getBoundingClientRect().height / innerHeight : 0;
  })()`);
  fail(high <= 0.21, `${width} px: the panel covers ${Math.round(high * 100)}% of the window`);
}

/** What a filter found stands right below the filters, whatever the picture's height. */
async function matches(browser, width, fail) {
  const apart = await browser.value(`(() => {
    const chip = document.querySelector(".chips button");
    if (!chip) return 0;
    chip.click();
    const away = document.querySelector(".matches").getBoundingClientRect().top - document.querySelector(".controls").getBoundingClientRect().bottom;
    chip.click();
    return Math.abs(away);
  })()`);
  fail(apart < 60, `${width} px: what a filter found stands ${apart} px away from it`);
}

/** Pages that a PDF has. */
export const pages = (pdf) => (pdf.toString("latin1").match(/\/Type\s*\/Page\b(?!s)/g) ?? []).length;
