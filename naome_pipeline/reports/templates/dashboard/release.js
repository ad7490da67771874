// Views about the release itself: who is counted, what changed, how it was made.
const plain = (titles, numbersFrom = 1, numbersTo = 99) => titles.map((title, i) => ({ title, number: i >= numbersFrom && i <= numbersTo }));

function cohort() {
  return [
    el("p", {}, "From the tumour records that were delivered to the people in this audit, step by step."),
    table({ caption: "How the cohort came about", cards: true, columns: plain(["Step", "Left out", "Remaining", "Counted in"], 1, 2),
      rows: D.attrition.map((s) => ({ head: s.title, headText: s.title, cells: [count(s.removed), count(s.remaining), s.unit === "rows" ? "records" : s.unit] })) }),
    el("h3", {}, "What was delivered"),
    table({ caption: "Records of each data set: delivered, used, and kept aside because they could not be used", cards: true, columns: plain(["Data set", "Complete to", "Delivered", "Used", "Kept aside"], 2),
      rows: D.data_sets.map((s) => ({ head: s.data_set, headText: s.data_set, cells: s.delivered ? [s.complete_to, count(s.rows_in), count(s.rows_out), count(s.rows_quarantined)] : [{ span: "not delivered" }] })) }),
  ];
}

const MOST_CHANGES = 50;
function changes(state) {
  const isBoth = (code) => UNITS.has(code) && UNITS.get(code).level === "both_nations";
  const near = (code) => (code === state.t ? 0 : code === allianceOf(state.t) ? 1 : code === theNation(state.t) ? 2 : isBoth(code) ? 3 : -1);
  // What is nearest to the chosen trust first; the order within stays.
  const own = state.t ? D.revisions.filter((r) => near(r[2]) >= 0).sort((a, b) => near(a[2]) - near(b[2])) : D.revisions;
  const whose = state.t ? `${longName(state.t)}, its Alliance and the nation` : `nations, Alliances and each ${PROVIDER}`;
  const parts = [el("p", {}, `Compared with: ${D.release["compared with"]}. Published numbers that changed: ${count(D.revision_count)}, of which ${count(own.length)} of ${whose}.`)];
  parts.push(el("p", {}, "Numbers change when hospitals or registries send corrected or later records. Which files differ is in the second table; only their senders know why."));
  if (own.length > MOST_CHANGES || D.revision_count > D.revisions.length) {
    parts.push(el("p", { class: "note" }, `The table has ${count(Math.min(own.length, MOST_CHANGES))} of them, ${state.t ? `those of the ${PROVIDER} first, then its Alliance and the nation` : "nations first"}, newest periods first. `
      + `All are in revisions.csv.${state.t ? "" : ` Choose a ${PROVIDER} above to see its own.`}`));
  }
  parts.push(own.length ? table({ caption: `Changed numbers: ${whose}`, cards: true, columns: plain(["Indicator", "Period", "Where", "Group", "Change", "Before", "Now"], 5, 6),
    rows: own.slice(0, MOST_CHANGES).map((r) => ({ head: titleOf(INDICATORS.get(r[0]) || { indicator: r[0], title: "" }), headText: r[0], cells: [r[1], longName(r[2]), ...r.slice(3)] })) }) : el("p", { class: "note" }, `No published number of ${whose} changed.`));
  parts.push(el("h3", {}, "Files received"), table({ caption: "Files of this delivery, compared with the release before", cards: true, columns: plain(["File", "Change", "Records before", "Records now", "SHA-256"], 2, 3),
    rows: D.files.map((f) => ({ head: f.file, headText: f.file, cells: [f.change, count(f.rows_before), count(f.rows_now), f.sha256 ? { node: el("span", { class: "code" }, f.sha256), parts: [f.sha256] } : NOTHING] })) }));
  return parts;
}

function made() {
  return [folded("Every parameter and what it rests on", table({
    caption: "Parameters. Basis: plan (the audit's Quality Improvement Plan), published (another public source), assumption (this project's own choice)",
    columns: plain(["Parameter", "Value", "Unit", "Basis", "Note"], 1, 1),
    rows: D.parameters.map((p) => ({ head: p.item.replaceAll("_", " "), headText: p.item, cells: [p.value, p.unit || "", p.basis || "", p.note || ""] })) }))];
}
