// Charts: the compiled specifications filled with rows and drawn. Every chart stands above its table.
const SPECIFICATIONS = PACKED.charts;
const dark = window.matchMedia("(prefers-color-scheme: dark)");
let drawn = [];

// One line or shape of a key, as a small picture; the words beside it say what it is.
function keyItem(words, { shape, dash, thick, lit, upright }) {
  const NS = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(NS, "svg");
  svg.setAttribute("viewBox", "0 0 44 14");
  svg.setAttribute("aria-hidden", "true");
  const add = (tag, attributes) => {
    const node = document.createElementNS(NS, tag);
    for (const [name, value] of Object.entries(attributes)) { node.setAttribute(name, value); }
    svg.append(node);
  };
  const ink = "currentColor";
  if (dash) { add("line", { x1: 0, x2: 44, y1: 7, y2: 7, stroke: ink, "stroke-width": thick ? 3 : 1.5, "stroke-dasharray": dash }); }
  if (upright) { add("line", { x1: 22, x2: 22, y1: 0, y2: 14, stroke: ink, "stroke-width": 2 }); }
  const fill = lit ? ink : "none";
  const paths = { diamond: "M22 1 L28 7 L22 13 L16 7 Z", "triangle-up": "M22 1 L28 12 L16 12 Z", "triangle-down": "M22 13 L28 2 L16 2 Z",
    square: "M17 2 H27 V12 H17 Z", cross: "M20 1 H24 V5 H28 V9 H24 V13 H20 V9 H16 V5 H20 Z", circle: "M22 2 A5 5 0 1 0 22.01 2 Z" };
  if (shape) { add("path", { d: paths[shape], fill, stroke: ink, "stroke-width": 1.5 }); }
  return el("li", {}, svg, words);
}

// A figure, drawn when it is in the page: caption, key, chart, what is pointed at in words, and the table. `points` are the rows of the chart, each with
// `said`, the sentence for whoever points at it; a row without it has no value and leaves a gap.
function figure({ name, title, caption, key, points: rows, data, table: tableOf, signals, empty }) {
  const points = rows.filter((row) => row.said);
  const saidId = `said-${slug(title)}`;
  const said = el("p", { class: "said", id: saidId, "aria-live": "polite" });
  const frame = el("div", { class: "chart", role: "application", tabindex: "0", "aria-label": `Chart: ${title}. Arrow keys go from point to point.`, "aria-describedby": saidId });
  const node = el("figure", {}, el("figcaption", {}, el("h3", {}, title), caption ? el("p", {}, caption) : null));
  if (points.length) {
    node.append(el("ul", { class: "key", "aria-label": "Key" }, key), frame, said);
    const chart = { name, frame, rows, points, data, signals, said, view: null, at: -1 };
    frame.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!step) { return; }
      event.preventDefault();
      point(chart, chart.at < 0 ? (step > 0 ? 0 : points.length - 1) : (chart.at + step + points.length) % points.length);
    });
    frame.addEventListener("blur", () => point(chart, -1));
    drawn.push(chart);
  } else {
    node.append(el("p", { class: "note" }, empty || "No value of this chart may be shown. The table says why."));
  }
  node.append(folded(`Table of this chart: ${title}`, tableOf));
  return node;
}
function point(chart, at) {
  chart.at = at;
  chart.said.textContent = at < 0 ? "" : chart.points[at].said;
  if (chart.view) { chart.view.data("pointed", at < 0 ? [] : [chart.points[at]]).run(); }
}
function draw(chart) {
  const scheme = dark.matches ? "dark" : "light";
  const spec = JSON.parse(JSON.stringify(SPECIFICATIONS[chart.name][scheme]));
  const rows = { ...chart.data, points: chart.rows };
  for (const source of spec.data) { if (rows[source.name] && !source.source) { source.values = rows[source.name]; } }
  for (const signal of spec.signals || []) { if (chart.signals && signal.name in chart.signals) { signal.value = chart.signals[signal.name]; } }
  spec.width = Math.max(chart.frame.clientWidth, 240);
  for (const axis of spec.axes || []) { if (axis.labelLimit) { axis.labelLimit = Math.min(axis.labelLimit, spec.width * 0.42); } }
  chart.frame.classList.toggle("dark", scheme === "dark");
  const inside = el("div", { "aria-hidden": "true" });
  const number = (chart.number || 0) + 1;
  chart.number = number;
  embedVega(inside, spec, { mode: "vega", actions: false, renderer: "svg", defaultStyle: false, tooltip: false, logLevel: 1 }).then((made) => {
    if (chart.number !== number) { made.finalize(); return; }
    if (chart.made) { chart.made.finalize(); }
    chart.made = made;
    chart.view = chart.frame.drawing = made.view;
    chart.frame.replaceChildren(inside);
    made.view.addEventListener("mousemove", (event, item) => {
      const place = item && item.datum ? chart.points.findIndex((p) => p.id === item.datum.id) : -1;
      if (place >= 0 && place !== chart.at) { point(chart, place); }
    });
  });
}
function forgetCharts() {
  for (const chart of drawn) { chart.number = -1; if (chart.made) { chart.made.finalize(); } }
  drawn = [];
}
let resizing = 0, lastWidth = window.innerWidth;
window.addEventListener("resize", () => {
  if (window.innerWidth === lastWidth) { return; }
  lastWidth = window.innerWidth;
  clearTimeout(resizing);
  resizing = setTimeout(() => drawn.forEach(draw), 150);
});
dark.addEventListener("change", () => drawn.forEach(draw));
