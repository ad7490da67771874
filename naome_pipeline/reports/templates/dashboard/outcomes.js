// What became of people and how care differs: survival, time to treatment, variation between trusts, risk models.
const O = D.outcomes;
const WHOLE_LEVELS = { both_nations: "both", nation: "nation" };
const isHere = (unit) => UNITS.has(unit.unit) || unit.level === "both_nations";
const wholes = (rows) => rows.filter((row) => row.all && row.level in WHOLE_LEVELS && isHere(row)).sort((a, b) => Number(a.level === "both_nations") - Number(b.level === "both_nations"));
const ROLE_ORDER = ["nation", "other_nation"];
const LOOKS = { nation: { shape: "triangle-up", lit: true }, other_nation: { shape: "triangle-down", lit: true }, both: { shape: "cross", lit: true } };
const roleOf = (row, rows) => (row.level === "both_nations" ? "both" : ROLE_ORDER[rows.filter((r) => r.level === "nation").indexOf(row)] || "nation");
const yearsOf = (n) => { const years = Math.round(n / 365.25); return `${years} year${years === 1 ? "" : "s"}`; };
const months = (n) => (n === null ? "" : `${count(n)} days (about ${Math.round(n / 30.4375)} month${Math.round(n / 30.4375) === 1 ? "" : "s"})`);
const range = (low, high, write) => (low === null || high === null ? NOTHING : `${write(low)} to ${write(high)}`);
const whyNot = (outcome, otherwise = "") => (O.why[outcome].length ? O.why[outcome] : [otherwise]).filter(Boolean).map(nothing);
const told = (points) => points.filter((point) => point[1] !== null);
const countOf = (people) => (people === null ? HIDDEN : count(people));
const peopleOf = (row) => (row.people === null ? HIDDEN : `${count(row.people)} people`);
const nothing = (text) => el("p", { class: "note" }, text);

function survival(state) {
  const rows = wholes(O.survival);
  if (!rows.length) { return whyNot("survival", "This release has no survival figures."); }
  return [
    ...whyNot("survival"),
    el("p", {}, "How many people are alive one, three and five years after metastatic disease was found, whatever they died of. "
      + "Somebody whose follow-up ends earlier counts until then (Kaplan-Meier), so people diagnosed recently take part as far as they can. "
      + `Everybody diagnosed from ${D.periods.quarter[0]} to ${D.periods.quarter[D.periods.quarter.length - 1]} is in these figures; the indicators further down count the people of the period that stands beside them, so the two need not agree.`),
    el("p", {}, "These figures are not adjusted for age or how ill people were at the start. They describe groups and do not say how long one person will live."),
    survivalOverTime(rows), averageSurvival(rows), survivalOfGroups(state, rows), ...survivalBelow(state), ...timeToTreatment(),
  ];
}
function survivalOverTime(rows) {
  const title = "Alive after one, three and five years";
  const points = rows.flatMap((row) => told(row.points).map(([at, alive, low, high]) => ({ id: `${row.unit}|${at}`, role: roleOf(row, rows), time: yearsOf(at), value: alive / 1000, lower: low / 1000, upper: high / 1000,
    said: `${row.unit}, ${yearsOf(at)}: ${percent(alive)} alive, 95% interval ${range(low, high, percent)}` })));
  return figure({ name: "horizons", title, points, data: {}, key: [...rows.map((row) => keyItem(`${row.unit} (${peopleOf(row)})`, LOOKS[roleOf(row, rows)])), keyItem("95% interval", { upright: true })],
    table: table({ caption: title, columns: plain(["Where", "After", "Alive", "95% interval", "People at the start", "Still followed then"], 2, 5),
      rows: rows.flatMap((row) => row.points.map(([at, alive, low, high, left]) => ({ head: row.unit, headText: row.unit,
        cells: alive === null ? [yearsOf(at), { span: HIDDEN }] : [yearsOf(at), percent(alive), range(low, high, percent), count(row.people), count(left)] }))) }) });
}
function averageSurvival(rows) {
  const half = ([value, low, high]) => (value === null ? [{ span: "not reached: more than half are alive at the end of follow-up" }]
    : [months(value), low === null ? NOTHING : high === null ? `${months(low)} or more` : `${months(low)} to ${months(high)}`]);
  return el("div", {}, el("h3", {}, "Median survival"), el("p", {}, "The median is the time after which half of the people have died."),
    table({ caption: "Median survival by nation", cards: true, columns: plain(["Where", "Median", "95% interval"], 1, 2), rows: rows.map((row) => ({ head: row.unit, headText: row.unit, cells: row.people === null ? [{ span: HIDDEN }] : half(row.median) })) }));
}
function survivalOfGroups(state, rows) {
  const nations = rows.filter((row) => row.level === "nation"), unit = (nations.find((row) => row.unit === state.a) || nations[0] || rows[0]).unit;
  const times = rows[0].points.map(([at]) => at), at = times.includes(Number(state.h)) ? Number(state.h) : times[0];
  const groups = O.survival.filter((row) => row.unit === unit && (row.all || row.level === "nation")).sort((a, b) => Number(b.all) - Number(a.all));
  const title = `Alive after ${yearsOf(at)} by subgroup, ${unit}`;
  const found = groups.map((row) => [row, row.points.find(([time]) => time === at)]);
  const shown = found.filter(([, p]) => p && p[1] !== null), all = shown.find(([row]) => row.all);
  const points = shown.map(([row, [, alive, low, high]]) => ({ id: row.group, label: row.group, value: alive / 1000, lower: low / 1000, upper: high / 1000, said: `${row.group}: ${percent(alive)} alive after ${yearsOf(at)}, of ${count(row.people)} people` }));
  const made = figure({ name: "intervals", title, points, data: { reference: all ? [{ value: all[1][1] / 1000 }] : [] },
    key: [keyItem("alive", { shape: "circle", lit: true }), keyItem("95% interval", { dash: "1 0" }), keyItem(`everybody in ${unit}`, { dash: "7 4" })],
    table: table({ caption: title, columns: plain(["Group", "Alive", "95% interval", "People at the start", "Deaths seen"], 1, 4),
      rows: found.map(([row, p]) => ({ head: row.group, headText: row.group, cells: !p ? [{ span: "not followed for so long" }] : p[1] === null ? [{ span: HIDDEN }] : [percent(p[1]), range(p[2], p[3], percent), count(row.people), count(row.deaths)] })) }) });
  const choose = el("div", { class: "row" }, chooser({ id: "horizon", label: "Alive after", value: String(at), options: times.map((time) => [String(time), yearsOf(time)]), choose: (h) => go({ h }) }));
  if (nations.length > 1) { choose.append(chooser({ id: "survival-nation", label: "Nation", value: unit, options: nations.map((row) => [row.unit, row.unit]), choose: (a) => go({ a }) })); }
  made.querySelector("figcaption").append(choose);
  return made;
}
function survivalBelow(state) {
  const units = chosenUnits(state), of = O.survival_indicators.map((id) => INDICATORS.get(id)).filter(Boolean);
  if (!of.length) { return []; }
  const columns = [{ title: "Indicator" }, { title: "Period" }, ...units.map((unit) => ({ title: roleTitle(unit), parts: UNIT_PARTS }))];
  const own = state.t ? "" : ` Choose a ${PROVIDER} above to see its values; open an indicator to see every Alliance and ${PROVIDER}.`;
  return [el("h3", {}, "Alliances and hospitals"),
    el("p", {}, `Below the nation survival is published as the share of people who were alive at a fixed time and had been followed for so long.${own}`),
    table({ caption: `Survival beside the nation, ${KIND_NAMES[state.k]}`, columns, cards: true, rows: of.map((indicator) => ({ head: headOf(indicator, state), headText: titleOf(indicator), variant: indicator.variant_of, cells: glanceCells(indicator, state.k, units) })) })];
}
function timeToTreatment() {
  const rows = wholes(O.treatment), title = "First treatment by days since diagnosis";
  if (!rows.length) { return [el("h3", {}, title), ...whyNot("treatment", "This release has no times to treatment.")]; }
  const points = rows.flatMap((row) => told(row.points).map(([day, share, low, high]) => ({ id: `${row.unit}|${day}`, role: roleOf(row, rows), time: `${day} days`, value: share / 1000, lower: low / 1000, upper: high / 1000, said: `${row.unit}, by day ${day}: ${percent(share)} treated, 95% interval ${range(low, high, percent)}` })));
  return [...whyNot("treatment"), figure({ name: "horizons", title, points, data: {},
    caption: "Share of people who have had their first anti-cancer treatment by then. People who die untreated stay in the count. 31 and 62 days are the cancer waiting time standards.",
    key: [...rows.map((row) => keyItem(`${row.unit} (${peopleOf(row)})`, LOOKS[roleOf(row, rows)])), keyItem("95% interval", { upright: true })],
    table: table({ caption: title, columns: plain(["Where", "Group", "By day", "Treated", "95% interval", "People treated", "Died untreated"], 2, 6),
      rows: O.treatment.filter(isHere).flatMap((row) => row.points.map(([day, share, low, high, died, treated]) => ({ head: row.unit, headText: row.unit,
        cells: share === null ? [row.group, count(day), { span: HIDDEN }] : [row.group, count(day), percent(share), range(low, high, percent), count(treated), percent(died)] }))) }) })];
}

const ratioPoint = (label, [value, low, high], said) => ({ id: label, label, value: value / 100, lower: low / 100, upper: high / 100, said });
const canDraw = ([value, low, high]) => value > 0 && low > 0 && high !== null && high < 10000;
function variation(state) {
  const title = "How much of the difference lies between hospitals", names = D.indicators.map((i) => i.indicator).filter((id) => O.variation[id]);
  if (!names.length) { return [nothing("This release has no figures on variation.")]; }
  const known = names.filter((id) => O.variation[id].odds);
  const label = (id) => titleOf(INDICATORS.get(id));
  return [
    el("p", {}, `Where care depends on the hospital rather than on the person, there is something to learn from. The median odds ratio says how much: take two people at two ${PROVIDER}s at random, not allowing for the mix of patients; `
      + "at the one where it happens more often, the odds are at the median this many times as high. 1 means that hospitals do not differ beyond chance."),
    el("p", {}, "The second figure is the share of all differences between people that goes with the hospital (intraclass correlation). National figures of the audit period; nothing here names a hospital."),
    figure({ name: "ratios", title, points: known.filter((id) => canDraw(O.variation[id].odds)).map((id) => ratioPoint(label(id), O.variation[id].odds, `${label(id)}: median odds ratio ${ratio(O.variation[id].odds[0])}, 95% interval ${range(...O.variation[id].odds.slice(1), ratio)}`)),
      data: { reference: [{ value: 1 }] }, key: [keyItem("median odds ratio", { shape: "circle", lit: true }), keyItem("95% interval", { dash: "1 0" }), keyItem("no difference", { dash: "7 4" })],
      table: table({ caption: title, columns: plain(["Indicator", "Median odds ratio", "95% interval", "Share between hospitals", "95% interval of the share", "p if none", capital(`${PROVIDER}s`), "People"], 1, 7),
        rows: names.map((id) => { const v = O.variation[id], name = titleOf(INDICATORS.get(id));
          return { head: name, headText: name, cells: v.odds ? [ratio(v.odds[0]), range(v.odds[1], v.odds[2], ratio), percent(v.between && v.between[0]), v.between ? range(v.between[1], v.between[2], percent) : NOTHING, v.p || NOTHING, countOf(v.trusts), countOf(v.people)] : [{ span: v.reason }] }; }) }) }),
    ...factors(state),
  ];
}
function factors(state) {
  const names = D.indicators.map((i) => i.indicator).filter((id) => O.factors[id]);
  if (!names.length) { return []; }
  const id = names.includes(state.i) ? state.i : names.find((name) => O.factors[name].odds) || names[0], found = O.factors[id];
  const title = `What goes with ${id}`;
  const choose = el("div", { class: "choices" }, el("div", { class: "wrap" }, chooser({ id: "factor-indicator", label: "Indicator", value: id, options: names.map((name) => [name, titleOf(INDICATORS.get(name))]), choose: (i) => go({ i }) })));
  const heading = el("h3", {}, "Patients, hospitals and regions");
  const about = el("p", {}, "Odds of meeting the criterion for people of each kind against the usual kind, all taken into account together. They describe who the records are about; "
    + "an association is not a cause, and a missing record counts as not done.");
  if (!found.odds) { return [heading, choose, about, nothing(`${titleOf(INDICATORS.get(id))}: ${found.reason}.`)]; }
  return [heading, choose, about,
    figure({ name: "ratios", title, points: found.odds.filter((o) => canDraw(o.slice(2, 5))).map(([, label, ...o]) => ratioPoint(label, o, `${label}: odds ratio ${ratio(o[0])}, 95% interval ${range(o[1], o[2], ratio)}`)),
      data: { reference: [{ value: 1 }] }, key: [keyItem("odds ratio", { shape: "circle", lit: true }), keyItem("95% interval", { dash: "1 0" }), keyItem("no difference", { dash: "7 4" })],
      table: table({ caption: title, columns: plain(["Factor", "About", "Odds ratio", "95% interval", "People"], 2, 4),
        rows: found.odds.map(([block, label, value, low, high, people, note]) => ({ head: label, headText: label, cells: note ? [block, { span: note }] : [block, ratio(value), range(low, high, ratio), countOf(people)] })) }) }),
    table({ caption: `${id}: what is left of the difference between hospitals`, cards: true, columns: plain(["After taking into account", "Median odds ratio left", "95% interval", "p of the step"], 1, 3),
      rows: found.left.map(([after, value, low, high, p]) => ({ head: capital(after), headText: capital(after), cells: [ratio(value), range(low, high, ratio), p || NOTHING] })) })];
}

const FIGURES = [
  ["Tells people apart (AUC)", "0.5: no better than a coin; 1: perfectly"],
  ["Calibration slope", "1: predictions agree with what happened; below 1: they are too extreme"],
  ["Calibration intercept", "0: right on average; above 0: more happened than predicted"],
  ["Brier score", "mean squared error of the prediction: smaller is better"],
  ["Brier score, scaled", "0: no better than giving everybody the national share; 1: perfect"],
];
function models(state) {
  const names = D.indicators.map((i) => i.indicator).filter((id) => O.models[id]);
  if (!names.length) { return [nothing("This release has no risk model.")]; }
  const id = names.includes(state.i) ? state.i : names.find((name) => O.models[name].own) || names[0], model = O.models[id];
  const signed = (h) => (h === null ? NOTHING : h < 0 ? `−${ratio(-h)}` : ratio(h));
  const parts = [
    el("p", {}, "Hospitals differ in the people they treat. For the indicators below a model says how many people would be expected to meet the criterion, given age, sex, deprivation, ethnicity, other illnesses, "
      + "frailty, performance status, sites of metastases, year and, where it is recorded, receptor subtype. The adjusted funnel compares what happened with that. Here is how far the model can be trusted."),
    el("div", { class: "choices" }, el("div", { class: "wrap" }, chooser({ id: "model-indicator", label: "Indicator", value: id, options: names.map((name) => [name, titleOf(INDICATORS.get(name))]), choose: (i) => go({ i }) }))),
    el("h3", {}, titleOf(INDICATORS.get(id)))];
  if (!model.own) { return [...parts, nothing(`No risk model: ${model.reason}.`)]; }
  parts.push(el("p", {}, `National share ${percent(model.national)}. Missing values were filled in ${count(model.imputations)} times, from what is known of each person, and the results pooled. `,
    el("a", { href: addressOf({ ...state, v: "indicator", i: id, c: "risk adjusted" }) }, "The funnel made with this model")));
  parts.push(table({ caption: `${id}: how good the model is`, cards: true, columns: [{ title: "Figure" }, { title: "In these people", number: true }, { title: `In ${PROVIDER}s it has not seen`, number: true }, { title: "How to read it" }],
    rows: FIGURES.map(([name, means], n) => ({ head: name, headText: name, cells: [signed(model.own[n]), signed(model.others[n]), means] })) }));
  const title = `${id}: predicted and what happened`;
  parts.push(figure({ name: "calibration", title, caption: "People in groups by what the model predicted for them. On the line, as many met the criterion as predicted.",
    points: model.groups.map(([people, predicted, value, low, high], n) => ({ id: String(n), predicted: predicted / 1000, value: value / 1000, lower: low / 1000, upper: high / 1000, said: `Group ${n + 1}, ${count(people)} people: predicted ${percent(predicted)}, happened ${percent(value)}` })),
    data: { limits: [{ predicted: 0, value: 0 }, { predicted: 1, value: 1 }] }, key: [keyItem("group of people", { shape: "circle", lit: true }), keyItem("95% interval", { upright: true }), keyItem("agreement", { dash: "7 4" })],
    table: table({ caption: title, columns: plain(["Group by predicted share", "People", "Predicted", "Happened", "95% interval"], 1, 4),
      rows: model.groups.map(([people, predicted, value, low, high], n) => ({ head: String(n + 1), headText: String(n + 1), cells: [count(people), percent(predicted), percent(value), range(low, high, percent)] })) }) }));
  parts.push(table({ caption: `${id}: how often a characteristic was missing and had to be filled in`, columns: plain(["Characteristic", "Missing"], 1, 1), rows: model.missing.map(([name, share]) => ({ head: name, headText: name, cells: [percent(share)] })) }));
  parts.push(folded("Odds ratios of the model", table({ caption: `${id}: odds ratios of the model (age enters as a curve and has no single ratio)`, columns: plain(["Characteristic", "Odds ratio", "95% interval", "p", "Odds ratio, complete records only"], 1, 4),
    rows: model.terms.map(([name, value, low, high, p, complete]) => ({ head: name, headText: name, cells: [ratio(value), range(low, high, ratio), p || NOTHING, ratio(complete)] })) })));
  if (model.merged.length) {
    parts.push(folded("Levels with too few people", table({ caption: `${id}: levels joined with others because too few people have them`, columns: plain(["Level", "What was done"], 1, 0), rows: model.merged.map(([name, note]) => ({ head: name, headText: name, cells: [note] })) })));
  }
  if (model.notes.length) { parts.push(el("h4", {}, "To know"), el("ul", {}, model.notes.map((note) => el("li", {}, capital(note))))); }
  return parts;
}

// Change of a nation from one whole year of diagnosis to the next, below an indicator.
function yearByYear(indicator) {
  const rows = O.yearly[indicator.indicator];
  if (!rows || isDays(indicator)) { return null; }
  const signed = (t) => (t === null ? NOTHING : `${t < 0 ? "−" : "+"}${(Math.abs(t) / 10).toFixed(1)}`);
  return folded(`${indicator.indicator} year by year`, table({ caption: `${indicator.indicator} by year of diagnosis`, columns: plain(["Nation", "Year", "Value", "People", "Change, percentage points", "95% interval of the change"], 1, 5),
    rows: rows.map(([nation, year, top, bottom, share, change, low, high]) => ({ head: nation, headText: nation, cells: share === null ? [String(year), { span: HIDDEN }] : [String(year), percent(share), `${count(top)} of ${count(bottom)}`, signed(change), low === null ? NOTHING : `${signed(low)} to ${signed(high)}`] })) }));
}
