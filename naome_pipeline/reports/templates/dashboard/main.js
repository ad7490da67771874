// What is shown follows from the address: every choice is in its hash, so a copied address opens the same view.
const VIEWS = {
  glance: ["At a glance", glance], indicator: ["One indicator", indicatorView], quality: ["Data quality", quality], subgroups: ["Subgroups", subgroups],
  survival: ["Survival", survival], variation: ["Variation", variation], models: ["Risk models", models],
  cohort: ["Who is counted", cohort], changes: ["What changed", changes], made: ["How it was made", made],
};
// Views that are the same whichever trust is chosen.
const NATIONAL = ["variation", "models", "cohort", "made"];
const firstShown = (D.indicators.find((i) => !i.state) || D.indicators[0] || { indicator: "" }).indicator;
const hasAudit = D.periods.audit.length > 0;
let state = {};

function stateOf(hash) {
  const asked = new URLSearchParams(hash.replace(/^#/, ""));
  const trust = (name) => (UNITS.has(asked.get(name)) && UNITS.get(asked.get(name)).level === "trust" ? asked.get(name) : "");
  const area = asked.get("a");
  return {
    v: asked.get("v") in VIEWS ? asked.get("v") : "glance", t: trust("t"), p: trust("p"),
    i: INDICATORS.has(asked.get("i")) ? asked.get("i") : firstShown,
    k: asked.get("k") === "audit" && hasAudit ? "audit" : "rolling",
    a: UNITS.has(area) && UNITS.get(area).level !== "trust" ? area : "", c: asked.get("c") || "", h: /^[0-9]+$/.test(asked.get("h")) ? asked.get("h") : "",
  };
}
function addressOf(wanted) {
  return `#${new URLSearchParams(Object.entries(wanted).filter(([, value]) => value))}`;
}
function go(change) {
  const next = addressOf({ ...state, ...change });
  if (next === location.hash) { return; }
  keepFocus = document.activeElement && document.activeElement.id;
  location.hash = next;
}
let keepFocus = "";

const own = finder({ id: "trust", label: capital(PROVIDER), hint: "Type a part of its name or its code.", units: D.units.trust, chosen: () => state.t, choose: (t) => go({ t }) });
const peer = finder({ id: "peer", label: "Peer to compare with", hint: `Another ${PROVIDER}, if you like.`, units: D.units.trust, chosen: () => state.p, choose: (p) => go({ p }) });
const period = el("div", {});
document.querySelector("#choices .wrap").append(own.node, peer.node, period);
period.className = "field";

function render(first) {
  const before = state.v;
  state = stateOf(location.hash);
  const [title, build] = VIEWS[state.v];
  forgetCharts();
  document.getElementById("views").replaceChildren(...Object.entries(VIEWS).map(([v, [name]]) =>
    el("li", {}, el("a", { href: addressOf({ ...state, v }), "aria-current": v === state.v ? "page" : null }, name))));
  own.show();
  peer.show();
  period.replaceChildren(...chooser({ id: "period", label: "Period", value: state.k, options: [["rolling", "Latest four quarters"], ...(hasAudit ? [["audit", `Audit period, ${D.periods.audit.at(-1)}`]] : [])], choose: (k) => go({ k }) }).childNodes);
  document.getElementById("choices").hidden = NATIONAL.includes(state.v);
  const who = state.t && !NATIONAL.includes(state.v) ? `${title}: ${longName(state.t)}` : title;
  document.getElementById("title").textContent = who;
  document.title = `${who} · Metastatic breast cancer care, ${D.release.period}`;
  document.getElementById("made").hidden = state.v !== "made";
  const view = document.getElementById("view");
  view.replaceChildren();
  for (const part of build(state).flat()) { if (part) { view.append(part); } }
  drawn.forEach(draw); // only now: a chart measures the frame it is drawn into
  document.getElementById("address").value = location.href.replace(/#.*$/, "") + addressOf(state);
  if (first) { return; }
  const again = keepFocus && document.getElementById(keepFocus);
  keepFocus = "";
  if (again) { again.focus(); } else { document.getElementById("title").focus(); if (before !== state.v) { window.scrollTo(0, 0); } }
  announce(`Showing ${who}`);
}
window.addEventListener("hashchange", () => { if (location.hash === "#main") { return; } render(false); });
document.querySelector("[data-skip]").addEventListener("click", (event) => { event.preventDefault(); document.getElementById("title").focus(); });
document.getElementById("print").addEventListener("click", () => window.print());
document.getElementById("copy").addEventListener("click", () => {
  const field = document.getElementById("address"), button = document.getElementById("copy");
  field.select();
  const copied = document.execCommand("copy");
  button.focus();
  announce(copied ? "Address copied" : "Not copied: select the address and copy it yourself");
});
// Tables that are folded away are printed too, but for those of every trust, which are printed if the reader has opened them;
// definitions inside tables are not. Afterwards all is folded as it was.
const MOST_PRINTED = 40;
const printed = (folded) => !folded.closest("table") && folded.querySelectorAll("tbody tr").length <= MOST_PRINTED;
let opened = [];
window.addEventListener("beforeprint", () => { opened = [...document.querySelectorAll("details:not([open])")].filter(printed); opened.forEach((d) => { d.open = true; }); });
window.addEventListener("afterprint", () => { opened.forEach((d) => { d.open = false; }); });
document.getElementById("unscripted").remove();
render(true);
