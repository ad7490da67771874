// The numbers: reading what `dashboard_data.py` packed, and writing it as people read it. No number is computed here.
const D = PACKED.data;
const NOTHING = "–", HIDDEN = "hidden to protect people", NOBODY = "nobody counted";
const INDICATORS = new Map(D.indicators.map((i) => [i.indicator, i]));
const UNITS = new Map();
for (const level of ["both_nations", "nation", "alliance", "trust"]) {
  for (const unit of D.units[level]) { UNITS.set(unit.code, { ...unit, level }); }
}
const KIND_NAMES = { quarter: "quarter of diagnosis", rolling: "latest four quarters", audit: "audit period (three years)" };
const SIGNS = {
  improvement: ["▲", "special cause: improvement"], concern: ["▼", "special cause: concern"],
  high: ["◆", "special cause: higher"], low: ["◆", "special cause: lower"], "": ["●", "no special cause"],
};
const DIRECTIONS = { higher: "▲ higher is better", lower: "▼ lower is better", neutral: "◆ neither higher nor lower is better" };

const count = (n) => (n === null || n === undefined ? NOTHING : n.toLocaleString("en-GB"));
const percent = (t) => (t === null || t === undefined ? NOTHING : `${Math.floor(t / 10)}.${t % 10}%`);
const ratio = (h) => (h === null || h === undefined ? NOTHING : `${Math.floor(h / 100)}.${String(h % 100).padStart(2, "0")}`);
const days = (n) => (n === null || n === undefined ? NOTHING : `${n} days`);
const isDays = (indicator) => indicator.measure === "days";
const nameOf = (code) => (UNITS.has(code) ? UNITS.get(code).name : code);
const isNation = (code) => UNITS.has(code) && ["both_nations", "nation"].includes(UNITS.get(code).level);
const longName = (code) => (UNITS.has(code) && !isNation(code) && nameOf(code) !== code ? `${nameOf(code)} (${code})` : nameOf(code));
const titleOf = (indicator) => `${indicator.indicator}: ${indicator.title}`;
const theNation = (code) => (UNITS.has(code) ? UNITS.get(code).nation : null) || (D.units.nation[0] || { code: "England" }).code;
// Nations and Alliances, the whole first.
const AREAS = [...D.units.both_nations, ...D.units.nation, ...D.units.alliance];
// Wales has health boards where England has trusts.
const PROVIDER = D.units.nation.map((n) => (n.code === "Wales" ? "health board" : "trust")).join(" or ") || "trust";
const allianceOf = (code) => (UNITS.has(code) ? UNITS.get(code).alliance : null);

function cellsOf(id, kind, code) {
  return ((((D.values[id] || {})[kind]) || {})[code]) || [];
}
// The newest period of a kind for which an indicator has a national value: its place, or -1.
function newestPlace(id, kind) {
  let newest = -1;
  for (const nation of D.units.nation) { newest = Math.max(newest, cellsOf(id, kind, nation.code).length - 1); }
  return newest;
}
function newestCell(id, kind, code) {
  const place = newestPlace(id, kind);
  return place < 0 ? null : cellsOf(id, kind, code)[place] ?? null;
}
function newestPeriod(id, kind) {
  const place = newestPlace(id, kind);
  return place < 0 ? "" : D.periods[kind][place];
}
// Why a unit has no number of an indicator that the other nation has, or nothing.
function missingHere(indicator, code) {
  const nation = (UNITS.get(code) || {}).nation, reasons = indicator.missing_in || {};
  const level = (UNITS.get(code) || {}).level;
  return reasons[nation] || (level === "both_nations" && Object.values(reasons)[0]) || "";
}
// A cell in words: value, people, 95% interval. `shown` says whether there is a value.
function inWords(indicator, cell, code) {
  const range = isDays(indicator) ? "middle half" : "95% interval";
  if (cell === null || cell === undefined) { return { shown: false, value: missingHere(indicator, code) || NOBODY, people: "", interval: "", range }; }
  if (cell === 0) { return { shown: false, value: HIDDEN, people: "", interval: "", range }; }
  if (cell.length === 1) { return { shown: false, value: HIDDEN, people: `of ${count(cell[0])}`, interval: "", range }; }
  if (isDays(indicator)) {
    return { shown: true, value: days(cell[1]), people: count(cell[0]), interval: `${cell[2]} to ${days(cell[3])}`, range };
  }
  return { shown: true, value: percent(cell[2]), people: `${count(cell[0])} of ${count(cell[1])}`, interval: `${percent(cell[3])} to ${percent(cell[4])}`, range };
}
// The special cause of a nation's or Alliance's newest quarter: [icon, words, notable], or nothing.
function signOf(id, code) {
  const points = (D.series[id] || {})[code];
  if (!points) { return null; }
  for (let place = points.length - 1; place >= 0; place -= 1) {
    if (points[place]) {
      const [icon, words] = SIGNS[points[place][4]];
      return [icon, `${words}, ${D.periods.quarter[place]}`, points[place][4] !== ""];
    }
  }
  return null;
}
// Where a trust stands in the funnel that counts, of the audit period, or that nobody is judged: [icon, words, notable], or nothing.
function positionOf(id, code) {
  const kinds = D.comparison[id];
  if (!kinds) { return null; }
  const kind = Object.keys(kinds).find((name) => !kinds[name].not_judged) || "unadjusted";
  const place = kinds[kind] && kinds[kind].trusts[code];
  if (place === undefined || place === null) { return null; }
  if (place === 0) { return ["–", `place in the funnel: ${HIDDEN}`, false]; }
  if (kinds[kind].not_judged) { return ["–", kinds[kind].not_judged, false]; }
  const [icon, words, notable] = stateInWords(place[12], place[13], place[16]);
  const wide = place[14] && place[14] !== place[12] ? ` (wider limits: ${stateInWords(place[14], place[15], place[16])[1]})` : "";
  return [icon, `against ${kinds[kind].whole}, ${kinds[kind].period} (${kind}): ${words}${wide}`, notable];
}
function stateInWords(state, direction, reason) {
  if (state === "within") { return ["●", "within the limits", false]; }
  if (state === "alert") { return ["◆", `alert, ${direction}`, true]; }
  if (state === "potential outlier") { return ["▲", `potential outlier, ${direction}`, true]; }
  if (state === "not assessed") { return ["✚", `not assessed: ${reason || "too little to compare"}`, false]; }
  return ["–", state, false];
}
