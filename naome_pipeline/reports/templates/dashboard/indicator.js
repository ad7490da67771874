// One indicator: the chosen units beside one another, over time, in the funnel, and every Alliance and trust.
const capital = (text) => text[0].toUpperCase() + text.slice(1);

function indicatorView(state) {
  const indicator = INDICATORS.get(state.i), units = chosenUnits(state);
  const parts = [el("div", { class: "choices" }, el("div", { class: "wrap" },
    chooser({ id: "indicator", label: "Indicator", value: state.i, options: D.indicators.map((i) => [i.indicator, titleOf(i)]), choose: (i) => go({ i }) }))),
    el("h3", {}, titleOf(indicator)), tags(indicator)];
  const details = definition(indicator);
  parts.push(details);
  if (indicator.state) { parts.push(el("p", { class: "note" }, indicator.state)); return parts; }
  if (indicator.measure === "cumulative incidence") { return [...parts, ...byYears(indicator)]; }
  const rows = ["rolling", "audit"].map((kind) => ({
    head: newestPeriod(state.i, kind) || KIND_NAMES[kind], headText: newestPeriod(state.i, kind) || KIND_NAMES[kind],
    cells: missingReason(indicator, kind) ? [{ span: missingReason(indicator, kind) }] : units.map((unit) => unitCell(indicator, kind, unit)),
  }));
  parts.push(table({ caption: `${titleOf(indicator)}, newest periods`, cards: true, rows,
    columns: [{ title: "Period" }, ...units.map((unit) => ({ title: roleTitle(unit), parts: UNIT_PARTS }))] }));
  if (isDays(indicator)) { parts.push(el("p", { class: "note" }, "Durations have no chart; they are in the tables.")); }
  else { parts.push(overTime(indicator, units), runChart(indicator, state), yearByYear(indicator), ...funnels(indicator, state)); }
  parts.push(byAlliance(indicator, state), everyTrust(indicator, state));
  return parts;
}

function byYears(indicator) {
  const sure = { any: "any certainty", definite: "definite", probable: "probable", possible: "possible" };
  return [
    table({ caption: `${titleOf(indicator)} (experimental)`, columns: plain(["Nation", "Certainty", "Years since diagnosis", "People", "Recurred", "Share with a recurrence", "95% interval", "Died before"], 2, 7),
      rows: D.recurrence_rates.map((r) => ({ head: r.nation, headText: r.nation, cells: [sure[r.certainty] || r.certainty, count(r.year),
        ...(r.incidence === null ? [{ span: HIDDEN }] : [count(r.people), count(r.recurred), percent(r.incidence), `${percent(r.lower)} to ${percent(r.upper)}`, percent(r.died_before)])] })) }),
    el("h3", {}, "What it rests on"),
    el("p", {}, "Definite: recorded in COSD or by the registry. Probable: two independent sources. Possible: one source."),
    table({ caption: "People with a recurrence by the source that shows it (experimental)", columns: plain(["Nation", "Certainty", "Source", "People", "Shown by this source only"], 3, 4),
      rows: D.recurrence_evidence.map((r) => ({ head: r.nation, headText: r.nation, cells: [sure[r.certainty] || r.certainty, r.source, ...(r.people === null ? [{ span: HIDDEN }] : [count(r.people), count(r.found_by_one_source_only)])] })) }),
  ];
}

function overTime(indicator, units) {
  const id = indicator.indicator, labels = D.periods.rolling, last = newestPlace(id, "rolling");
  const title = `${id} over time, rolling four quarters`;
  const own = units[0], trust = own && own[0] === "own";
  const limits = trust ? (D.series[id] || {})[own[1]] || [] : [];
  // Every period has a row, so that the axis is whole and a hidden value leaves a gap.
  const shown = labels.slice(0, last + 1).map((label, place) => [`to ${label.split(" to ").pop()}`, place]);
  const points = shown.flatMap(([period, place]) => units.map(([role, code]) => {
    const cell = cellsOf(id, "rolling", code)[place], row = { id: `${code}|${place}`, role, period, value: null };
    if (!Array.isArray(cell) || cell.length !== 5) { return row; }
    return { ...row, value: cell[2] / 1000, said: `${nameOf(code)}, ${labels[place]}: ${inWords(indicator, cell).value}, ${inWords(indicator, cell).people}` };
  }));
  const gaps = units.map(([, code]) => [code, shown.filter(([, place]) => { const cell = cellsOf(id, "rolling", code)[place]; return cell === 0 || (Array.isArray(cell) && cell.length === 1); }).length])
    .filter(([, hidden]) => hidden).map(([code, hidden]) => ` ${longName(code)}: ${hidden === shown.length ? "every value is" : `${hidden} of ${shown.length} values are`} ${HIDDEN}.`);
  const bounds = shown.map(([period, place]) => (limits[place] ? { period, lower: limits[place][0] / 1000, upper: limits[place][1] / 1000 } : { period, lower: null, upper: null }));
  const looks = { own: { shape: "circle", dash: "1 0", thick: true, lit: true }, peer: { shape: "diamond", dash: "8 3" }, alliance: { shape: "square", dash: "4 3" }, nation: { shape: "triangle-up", dash: "1.5 3" }, other_nation: { shape: "triangle-down", dash: "6 2 1.5 2" }, both: { shape: "cross", dash: "10 2" } };
  const columns = [{ title: "Four quarters" }, ...units.map((unit) => ({ title: roleTitle(unit), parts: ["value", "people", "interval"] }))];
  if (trust) { columns.push({ title: `Limits of ${own[1]}`, number: true }); }
  const rows = labels.slice(0, last + 1).map((label, place) => ({ head: label, headText: label, cells: [
    ...units.map(([, code]) => plainCell(indicator, cellsOf(id, "rolling", code)[place], code)),
    ...(trust ? [limits[place] ? `${percent(limits[place][0])} to ${percent(limits[place][1])}` : NOTHING] : [])] }));
  return figure({ name: "comparison_over_time", title, points, data: { limits: bounds },
    caption: "Each point is four quarters of diagnosis together, because a trust sees about eight people a quarter. Neighbouring points share three quarters, "
      + "so they move together by construction, and the rules for special cause are not applied to trusts."
      + gaps.join(""),
    key: [...units.map((unit) => keyItem(roleTitle(unit), looks[unit[0]])), ...(trust ? [keyItem(`control limits of ${own[1]}`, { dash: "1 0" })] : [])],
    table: table({ caption: title, columns, rows }) });
}
function plainCell(indicator, cell, code) {
  const said = inWords(indicator, cell, code);
  return { node: el("div", {}, el("span", { class: said.shown ? "" : "reason" }, said.value), said.people ? el("span", { class: "part" }, said.people) : null, said.interval ? el("span", { class: "part" }, said.interval) : null),
    parts: [said.value, said.people, said.interval] };
}

function runChart(indicator, state) {
  const id = indicator.indicator, labels = D.periods.quarter;
  const area = UNITS.get(state.a) || UNITS.get(theNation(state.t));
  if (!area) { return null; }
  const sigmaZ = (D.widened[id] || {})[area.code];
  const series = (D.series[id] || {})[area.code] || [], cells = cellsOf(id, "quarter", area.code);
  const title = `${id} by quarter, ${longName(area.code)}`;
  const share = (t) => (t === null ? null : t / 1000);
  const points = cells.map((cell, place) => ({ cell, place, s: series[place] })).map(({ cell, place, s }) => (!Array.isArray(cell) || cell.length !== 5 ? {
    id: String(place), period: labels[place], value: null, centre: null, lower: null, upper: null, moving_average: null, marked: "" } : {
    id: String(place), period: labels[place], value: share(cell[2]), centre: s ? share(s[0]) : null, lower: s ? share(s[1]) : null, upper: s ? share(s[2]) : null,
    moving_average: s ? share(s[3]) : null, marked: s ? s[4] : "",
    said: `${labels[place]}: ${percent(cell[2])}, ${inWords(indicator, cell).people}${s ? `; ${SIGNS[s[4]][1]}` : ""}` }));
  const rows = cells.map((cell, place) => {
    const said = inWords(indicator, cell), s = series[place];
    const rest = s ? [percent(s[0]), `${percent(s[1])} to ${percent(s[2])}`, percent(s[3]), SIGNS[s[4]][1]] : [NOTHING, NOTHING, NOTHING, NOTHING];
    return { head: labels[place], headText: labels[place], cells: said.shown ? [said.value, said.people, said.interval, ...rest] : [{ span: `${said.value}${said.people ? ` (${said.people} people)` : ""}` }] };
  });
  const columns = ["Quarter", "Value", "People", "95% interval", "Centre", "Control limits", "Moving average", "Special cause"].map((t, i) => ({ title: t, number: i > 0 && i < 7 }));
  const made = figure({ name: "run_chart", title, points, data: {},
    caption: "Value of each quarter of diagnosis with the centre, control limits (three standard deviations) and the moving average of three quarters. "
      + (sigmaZ ? `The limits are widened (Laney p′): these quarters vary ${(sigmaZ / 100).toFixed(1)} times as much as chance among so many people would make them. `
        : "The limits are those of chance among so many people (p chart). ")
      + "A special cause is a pattern that chance alone would rarely make: a point outside the limits, seven in a row on one side or in one direction, or two of three near a limit.",
    key: [keyItem("value", { shape: "circle", dash: "1 0", thick: true, lit: true }), keyItem("centre", { dash: "7 4" }), keyItem("control limits", { dash: "1 0" }), keyItem("moving average", { dash: "1.5 3" }),
      keyItem("improvement", { shape: "triangle-up", lit: true }), keyItem("concern", { shape: "triangle-down", lit: true }), keyItem("higher or lower, where neither is better", { shape: "diamond", lit: true })],
    table: table({ caption: title, columns, rows }) });
  made.querySelector("figcaption").append(chooser({ id: "area", label: "Run chart of", value: area.code, options: AREAS.map((u) => [u.code, longName(u.code)]), choose: (a) => go({ a }) }));
  return made;
}

function funnels(indicator, state) {
  const id = indicator.indicator, kinds = D.comparison[id];
  if (!kinds) { return [el("h3", {}, `${id} funnel`), el("p", { class: "note" }, indicator.kind === "performance" ? "This release compares nobody in a funnel for this indicator." : "Funnels are drawn for performance indicators only.")]; }
  const names = Object.keys(kinds), kind = names.includes(state.c) ? state.c : names.includes("risk adjusted") ? "risk adjusted" : names[0];
  const funnel = kinds[kind], write = funnel.ratio ? ratio : percent, scale = funnel.ratio ? 100 : 1000;
  const all = Object.entries(funnel.trusts).sort((a, b) => (longName(a[0]) < longName(b[0]) ? -1 : 1));
  const drawnTrusts = all.filter(([, p]) => p !== 0 && p[3] !== null), hidden = all.filter(([, p]) => p === 0).length, few = drawnTrusts.filter(([, p]) => p[12] === "not assessed").length;
  const size = (p) => (funnel.ratio ? p[2] : p[1]);
  const points = drawnTrusts.map(([code, p]) => ({ id: code, code, size: size(p), value: p[3] / scale, state: p[12], lit: code === state.t || code === state.p, below: code === state.p, label: nameOf(code),
    said: `${longName(code)}: ${write(p[3])}, ${count(p[0])} of ${count(p[1])}; ${stateInWords(p[12], p[13], p[16])[1]}${funnel.not_judged ? "; nobody is judged by it" : ""}` })).sort((a, b) => a.size - b.size);
  const limits = drawnTrusts.filter(([, p]) => p[4] !== null).map(([, p]) => ({ size: size(p), target: funnel.target / scale, lower_998: p[4] / scale, lower_95: p[5] / scale, upper_95: p[6] / scale, upper_998: p[7] / scale })).sort((a, b) => a.size - b.size);
  const title = `${id} funnel, ${funnel.period}, ${kind}`;
  const columns = [capital(PROVIDER), "Value", "Counted", "People", "Expected", "95% limits", "99.8% limits", `State${funnel.not_judged ? " (nobody is judged by it)" : ""}`, "State with limits widened for overdispersion"].map((t, i) => ({ title: t, number: i > 0 && i < 7 }));
  const range = (low, high) => (low === null || high === null ? NOTHING : `${write(low)} to ${write(high)}`);
  const rows = all.map(([code, p]) => ({ head: longName(code), headText: longName(code), cells: p === 0 ? [{ span: HIDDEN }]
    : [write(p[3]), count(p[0]), count(p[1]), p[2] === null ? NOTHING : String(p[2]), range(p[5], p[6]), range(p[4], p[7]), stateInWords(p[12], p[13], p[16])[1], p[14] ? stateInWords(p[14], p[15], p[16])[1] : NOTHING] }));
  const lit = [state.t, state.p].filter((code) => code && funnel.trusts[code] === 0).map((code) => `${longName(code)} is not drawn: ${HIDDEN}.`);
  const said = (funnel.not_judged ? `${capital(funnel.not_judged)}. ` : "") + `Each sign is a ${PROVIDER}; ${funnel.ratio ? "across: people expected to meet the criterion, given who was treated; upwards: people who met it over people expected (1 means as expected)" : "across: people counted; upwards: the value"}. `
    + `Chance alone would put at most 1 in 20 outside the inner limits and 1 in 500 outside the outer ones. ${count(few)} are not assessed. `
    + (hidden ? `${count(hidden)} of ${count(all.length)} are ${HIDDEN}: they may lie anywhere, outside the limits too. ` : "")
    + "The exact chance of a result as far out or further decides the state, not the drawn line, which can run less than one person too low on the upper side: a point just outside it can be within. "
    + `Being outside is a reason to look closer, not a verdict. ${lit.join(" ")}`;
  const made = figure({ name: "funnel", title, caption: said, points, data: { limits }, signals: { shares: !funnel.ratio },
    key: [keyItem("within the limits", { shape: "circle" }), keyItem("alert (outside 95%)", { shape: "diamond" }), keyItem("potential outlier (outside 99.8%)", { shape: "triangle-up" }), keyItem("not assessed", { shape: "cross" }),
      keyItem(funnel.ratio ? "as expected" : funnel.whole, { dash: "7 4" }), keyItem("95% limits", { dash: "3 3" }), keyItem("99.8% limits", { dash: "1 0" })],
    table: table({ caption: title, columns, rows }) });
  if (names.length > 1) {
    made.querySelector("figcaption").append(chooser({ id: "comparison", label: "Comparison", value: kind, options: names.map((n) => [n, capital(n)]), choose: (c) => go({ c }) }));
  }
  if (D.unadjusted[id]) { made.append(el("p", { class: "hint" }, `Not adjusted for who is treated in this release: ${D.unadjusted[id]}. Nobody is judged by it.`)); }
  if (funnel.method) { made.append(el("p", { class: "hint" }, `Method: ${funnel.method}.`)); }
  return [made];
}

function byAlliance(indicator, state) {
  const nations = D.units.both_nations.length > 0, whose = nations ? "nation and Cancer Alliance" : "Cancer Alliance";
  const id = indicator.indicator, period = newestPeriod(id, state.k), title = `${id} by ${whose}, ${period || KIND_NAMES[state.k]}`;
  const entries = (nations ? AREAS : D.units.alliance).map((u) => [longName(u.code), indicator, newestCell(id, state.k, u.code), missingReason(indicator, state.k) || missingHere(indicator, u.code)]);
  const shown = isDays(indicator) ? [] : entries.filter(([, , cell]) => Array.isArray(cell) && cell.length === 5);
  const short = (label) => label.replace(/ \(E[0-9]+\)$/, "");
  const whole = nations && !state.t ? D.units.both_nations[0].code : theNation(state.t), nation = newestCell(id, state.k, whole);
  return figure({ name: "intervals", title, points: shown.map(([label, i, cell]) => intervalPoint(short(label), cell, `${label}: ${inWords(i, cell).value}, ${inWords(i, cell).people}`)),
    data: { reference: Array.isArray(nation) && nation.length === 5 ? [{ value: nation[2] / 1000 }] : [] },
    key: [keyItem("value", { shape: "circle", lit: true }), keyItem("95% interval", { dash: "1 0" }), keyItem(nameOf(whole), { dash: "7 4" })],
    empty: isDays(indicator) ? "Durations have no chart; they are in the table." : null, table: intervalTable(title, capital(whose), [], entries) });
}
function everyTrust(indicator, state) {
  const id = indicator.indicator, title = `${id} by ${PROVIDER} of diagnosis, ${newestPeriod(id, state.k) || KIND_NAMES[state.k]}`;
  return folded(title, intervalTable(title, capital(PROVIDER), [], D.units.trust.map((u) => [longName(u.code), indicator, newestCell(id, state.k, u.code), missingReason(indicator, state.k) || missingHere(indicator, u.code)])));
}
