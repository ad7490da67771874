// Views that put units side by side: at a glance, data quality, subgroups.

// The chosen trust, its peer, the Alliance, the nation and the whole: [role, code], those there are.
function chosenUnits(state) {
  const found = [];
  if (state.t) { found.push(["own", state.t]); }
  if (state.p && state.p !== state.t) { found.push(["peer", state.p]); }
  const alliance = allianceOf(state.t || state.p);
  if (alliance && UNITS.has(alliance)) { found.push(["alliance", alliance]); }
  const nation = state.t || state.p ? [theNation(state.t || state.p)] : D.units.nation.map((n) => n.code);
  nation.forEach((code, place) => found.push([place ? "other_nation" : "nation", code]));
  D.units.both_nations.forEach((unit) => found.push(["both", unit.code]));
  return found.filter(([, code]) => UNITS.has(code));
}
const ROLE_TITLES = { own: "", peer: "Peer: ", alliance: "Alliance: ", nation: "", other_nation: "", both: "" };
const roleTitle = ([role, code]) => `${ROLE_TITLES[role]}${longName(code)}`;

function definitionList(indicator) {
  const entry = (term, text) => (text ? [el("dt", {}, term), el("dd", {}, text)] : []);
  return el("dl", {},
    entry("Cohort", indicator.cohort === "recurrent" ? "people whose breast cancer came back at a distant site; reported apart and experimental" : ""),
    entry("Counted among", indicator.denominator_text), entry("Counted when", indicator.numerator_text),
    entry("Not counted", indicator.not_known),
    entry("Which way is better", DIRECTIONS[indicator.direction]), entry("Goal of the audit", indicator.goal_title),
    entry("Follow-up needed", `${count(indicator.follow_up_days)} days after diagnosis${indicator.followed_to < D.release["snapshot date"] ? `; its data end on ${indicator.followed_to}` : ""}`),
    entry("How complete the record is", indicator.completeness_indicator ? `see ${indicator.completeness_indicator}` : ""),
    entry("Trusts are compared where", indicator.assessed_where),
    entry("Adjusted for who is treated", indicator.risk_adjustment === "none" ? "" : D.adjustment[indicator.indicator] || "yes; see the funnel"),
    entry("Guideline", indicator.guideline), entry("Note", indicator.construction));
}
function definition(indicator) {
  return el("details", { class: "definition" }, el("summary", { "aria-label": `Definition of ${indicator.indicator}` }, "Definition"), definitionList(indicator));
}
const tags = (indicator) => [
  el("span", { class: "tag" }, DIRECTIONS[indicator.direction]),
  indicator.status === "experimental" ? el("span", { class: "tag" }, "Experimental: read it with care") : null,
];
function headOf(indicator, state) {
  return [el("a", { href: addressOf({ ...state, v: "indicator", i: indicator.indicator }) }, titleOf(indicator)), tags(indicator), definition(indicator)];
}
const mark = (sign) => (sign ? el("span", { class: sign[2] ? "mark notable" : "mark" }, el("span", { class: "icon", "aria-hidden": "true" }, sign[0]), sign[1]) : null);

// Value, people, interval and sign of one unit, on the page and in the parts of the download.
const UNIT_PARTS = ["value", "people", "interval", "how it stands", "record complete"];
function unitCell(indicator, kind, [role, code], withSign = true) {
  const said = inWords(indicator, newestCell(indicator.indicator, kind, code), code);
  const trust = role === "own" || role === "peer";
  const sign = withSign ? (trust ? positionOf(indicator.indicator, code) : signOf(indicator.indicator, code)) : null;
  const other = INDICATORS.get(indicator.completeness_indicator);
  // Why it is not available is said where the completeness itself is shown.
  const complete = other ? { value: missingHere(other, code) ? "not available" : inWords(other, newestCell(other.indicator, kind, code)).value } : null;
  const interval = said.interval ? `${said.range} ${said.interval}` : "";
  const node = [
    el("span", { class: said.shown ? "lead" : "reason" }, said.value),
    said.people ? el("span", { class: "part" }, said.people) : null,
    interval ? el("span", { class: "part" }, interval) : null,
    complete ? el("span", { class: "part" }, `record complete (${other.indicator}): ${complete.value}`) : null,
    mark(sign),
  ];
  return { node: el("div", {}, node), parts: [said.value, said.people, interval, sign ? sign[1] : "", complete ? complete.value : ""] };
}

function glance(state) {
  const units = chosenUnits(state);
  const parts = [];
  parts.push(el("p", {}, `Diagnoses in the ${KIND_NAMES[state.k]} whose follow-up is complete; the period stands in each row. `
    + "95% interval: intervals made in this way hold the underlying share 19 times in 20."));
  if (!state.t) { parts.push(el("p", { class: "note" }, `Choose a ${PROVIDER} above to see its values beside the nation.`)); }
  parts.push(el("p", {}, "Hospitals differ in the people they treat. Values in this table are not adjusted for that and must not be read as a ranking. ",
    `The sign of a ${PROVIDER} is its place in the funnel of the audit period where ${PROVIDER}s are judged by it; the sign of an Alliance or the nation is that of its newest quarter in the run chart. `,
    "Its own years overlap, so the rules for special cause are not applied to it."));
  for (const [kind, title] of Object.entries(D.kinds)) {
    if (kind === "data quality") { continue; }
    const of = D.indicators.filter((i) => i.kind === kind);
    if (!of.length) { continue; }
    const columns = [{ title: "Indicator" }, { title: "Period" }, ...units.map((unit) => ({ title: roleTitle(unit), parts: UNIT_PARTS }))];
    const rows = of.map((indicator) => ({
      head: headOf(indicator, state), headText: titleOf(indicator), variant: indicator.variant_of,
      cells: glanceCells(indicator, state.k, units),
    }));
    parts.push(el("h3", {}, title), table({ caption: `${title}, ${KIND_NAMES[state.k]}`, columns, rows, cards: true }));
  }
  return parts;
}
// Why an indicator has no number in a kind of period, or nothing.
function missingReason(indicator, kind) {
  if (indicator.state) { return indicator.state; }
  if (indicator.measure === "cumulative incidence") { return "Given by years since diagnosis, for nations only: open this indicator."; }
  if (newestPlace(indicator.indicator, kind) < 0) { return `Not yet complete for the ${KIND_NAMES[kind]}: the follow-up it needs has not passed.`; }
  return "";
}
function glanceCells(indicator, kind, units) {
  const reason = missingReason(indicator, kind);
  if (reason) { return [{ span: reason }]; }
  return [newestPeriod(indicator.indicator, kind), ...units.map((unit) => unitCell(indicator, kind, unit))];
}

function quality(state) {
  const units = chosenUnits(state), target = percent(D.target).replace(".0%", "%");
  const against = (cell) => (Array.isArray(cell) && cell.length === 5 ? (cell[2] >= D.target ? ["✓", `${target} reached`, false] : ["✗", `below ${target}`, true]) : null);
  const columns = [{ title: "Record" }, { title: "Period" }, ...units.map((unit) => ({ title: roleTitle(unit), parts: ["value", "people", "interval", "against the target"] }))];
  const of = D.indicators.filter((i) => i.kind === "data quality");
  const rows = of.map((indicator) => {
    const reason = missingReason(indicator, state.k);
    const documented = D.indicators.filter((i) => i.completeness_indicator === indicator.indicator).map((i) => i.indicator).join(", ");
    const head = [headOf(indicator, state), documented ? el("span", { class: "tag" }, `Stands beside ${documented}, which counts a missing record as not documented`) : null];
    const cells = reason ? [{ span: reason }] : [newestPeriod(indicator.indicator, state.k), ...units.map((unit) => {
      const made = unitCell(indicator, state.k, unit, false), sign = against(newestCell(indicator.indicator, state.k, unit[1]));
      made.node.append(...[mark(sign)].filter(Boolean));
      return { node: made.node, parts: [...made.parts.slice(0, 3), sign ? sign[1] : ""] };
    })];
    return { head, headText: titleOf(indicator), cells };
  });
  const [, code] = units[0] || [];
  const points = of.filter((i) => !missingReason(i, state.k)).map((i) => [i, newestCell(i.indicator, state.k, code)])
    .filter(([, cell]) => Array.isArray(cell) && cell.length === 5)
    .map(([i, cell]) => intervalPoint(titleOf(i), cell, `${titleOf(i)}: ${inWords(i, cell).value}, ${inWords(i, cell).people}`));
  return [
    el("p", {}, `How often hospitals recorded what is needed. The target of the national audits is ${target}. A missing record is not the same as care that was not given.`),
    table({ caption: `How complete the records are, ${KIND_NAMES[state.k]}`, columns, rows, cards: true }),
    code ? figure({ name: "intervals", title: `Records of ${longName(code)} against ${target}`, points, data: { reference: [{ value: D.target / 1000 }] },
      key: [keyItem("value", { shape: "circle", lit: true }), keyItem("95% interval", { dash: "1 0" }), keyItem(`target, ${target}`, { dash: "7 4" })],
      table: intervalTable(`Records of ${longName(code)} against ${target}`, "Record", points, of.map((i) => [titleOf(i), i, missingReason(i, state.k) ? undefined : newestCell(i.indicator, state.k, code), missingReason(i, state.k)])) }) : null,
  ];
}
const intervalPoint = (label, cell, said) => ({ id: label, label, value: cell[2] / 1000, lower: cell[3] / 1000, upper: cell[4] / 1000, said });
function intervalTable(caption, first, points, entries) {
  return table({ caption, columns: [{ title: first }, { title: "Value", number: true }, { title: "People", number: true }, { title: "95% interval or middle half", number: true }],
    rows: entries.map(([label, indicator, cell, reason]) => {
      const said = inWords(indicator, cell);
      const cells = reason ? [{ span: reason }] : said.shown ? [said.value, said.people, said.interval] : [{ span: said.people ? `${said.value} (${said.people} people)` : said.value }];
      return { head: label, headText: label, cells };
    }) });
}

function subgroups(state) {
  const indicator = INDICATORS.get(state.i), kinds = (D.subgroups[state.i] || {})[state.k];
  const unit = UNITS.get(state.a) || D.units.nation[0];
  const form = el("div", { class: "choices" }, el("div", { class: "wrap" },
    chooser({ id: "sub-indicator", label: "Indicator", value: state.i, options: D.indicators.map((i) => [i.indicator, titleOf(i)]), choose: (i) => go({ i }) }),
    chooser({ id: "sub-unit", label: "Nation or Alliance", value: unit ? unit.code : "", options: AREAS.map((u) => [u.code, longName(u.code)]), choose: (a) => go({ a }) })));
  const parts = [form, el("p", {}, `Subgroups are given for nations and Cancer Alliances only: in a ${PROVIDER} they would be too few people.`)];
  const reason = missingReason(indicator, state.k);
  if (reason) { return [...parts, el("p", { class: "note" }, reason)]; }
  if (!kinds || !unit) { return [...parts, el("p", { class: "note" }, "This release has no subgroups for this indicator and period.")]; }
  const of = kinds[unit.code] || {};
  const entries = [["Everybody", indicator, newestCell(state.i, state.k, unit.code)], ...Object.entries(D.groups).map(([id, title]) => [title, indicator, of[id]])];
  const shown = isDays(indicator) ? [] : entries.filter(([, , cell]) => Array.isArray(cell) && cell.length === 5);
  const title = `${titleOf(indicator)}, by subgroup, ${longName(unit.code)}, ${kinds.period}`;
  const points = shown.map(([label, i, cell]) => intervalPoint(label, cell, `${label}: ${inWords(i, cell).value}, ${inWords(i, cell).people}, 95% interval ${inWords(i, cell).interval}`));
  const everybody = entries[0][2];
  return [...parts, definition(indicator), figure({ name: "intervals", title, points, data: { reference: Array.isArray(everybody) && everybody.length === 5 && !isDays(indicator) ? [{ value: everybody[2] / 1000 }] : [] },
    key: [keyItem("value", { shape: "circle", lit: true }), keyItem("95% interval", { dash: "1 0" }), keyItem(`everybody in ${unit.name}`, { dash: "7 4" })],
    empty: isDays(indicator) ? "Durations have no chart; they are in the table." : null, table: intervalTable(title, "Subgroup", points, entries) })];
}
