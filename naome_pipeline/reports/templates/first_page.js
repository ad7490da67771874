(function () {
  "use strict";

  function all(selector, within) { return Array.prototype.slice.call((within || document).querySelectorAll(selector)); }

  // What needs this script is shown by it, so that a reader without scripts meets no dead control.
  all(".scripted").forEach(function (node) { node.hidden = false; });

  // Search: rows of the tables of trusts and Alliances.
  var input = document.getElementById("filter");
  var found = document.getElementById("found");
  var rows = all("table.units tbody tr");
  function search() {
    var wanted = input.value.trim().toLowerCase();
    var names = new Set();
    rows.forEach(function (row) {
      var text = (row.cells[0].textContent + " " + row.cells[1].textContent).toLowerCase();
      var shown = wanted === "" || text.indexOf(wanted) !== -1;
      row.hidden = !shown;
      if (shown) { names.add(row.dataset.unit); }
    });
    all("details.table").forEach(function (details) {
      if (details.querySelector("table.units")) { details.open = wanted !== "" && details.querySelector("tbody tr:not([hidden])") !== null; }
    });
    found.textContent = wanted === "" ? "" : names.size === 1 ? "1 trust or Alliance found" : names.size + " trusts and Alliances found";
  }
  input.addEventListener("input", search);

  // One trust or Alliance: its rows of all tables, gathered into one.
  var chooser = document.getElementById("unit");
  var chosen = document.getElementById("chosen");
  var own = document.getElementById("own");
  function cell(row, name) {
    var found = row && row.querySelector(name);
    return found ? found.textContent.trim() : "";
  }
  function add(line, value, detail) {
    var td = line.insertCell();
    td.textContent = value || "–";
    if (detail) {
      var small = document.createElement("span");
      small.className = "quiet";
      small.textContent = detail;
      td.append(document.createElement("br"), small);
    }
  }
  function addRow(line, row) { add(line, cell(row, ".value"), [cell(row, ".people"), cell(row, ".range")].filter(Boolean).join("; ")); }
  function choose() {
    var option = chooser.options[chooser.selectedIndex];
    var body = own.querySelector("tbody");
    body.replaceChildren();
    own.hidden = option.value === "";
    if (own.hidden) { chosen.textContent = ""; return; }
    all("article").forEach(function (article) {
      var byUnit = new Map(all("tr[data-unit]", article).map(function (row) { return [row.dataset.unit, row]; }));
      var row = byUnit.get(option.value);
      if (!row) { return; }
      var line = body.insertRow();
      var head = document.createElement("th");
      head.scope = "row";
      var link = document.createElement("a");
      link.href = "#i-" + article.dataset.indicator;
      link.textContent = article.querySelector("h4").textContent;
      head.append(link);
      line.append(head);
      addRow(line, row);
      addRow(line, byUnit.get(option.dataset.alliance));
      add(line, cell(article, ".big"));
    });
    document.getElementById("own-caption").textContent = option.textContent + ": every indicator with a value, latest four complete quarters";
    chosen.textContent = option.textContent + ": " + body.rows.length + (body.rows.length === 1 ? " indicator" : " indicators") + ", in the table below";
  }
  chooser.addEventListener("change", choose);
  // A browser that goes back may bring an earlier choice with it.
  if (input.value !== "") { search(); }
  if (chooser.value !== "") { choose(); }
})();
