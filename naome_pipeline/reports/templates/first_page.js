(function () {
  "use strict";
  var input = document.getElementById("filter");
  var found = document.getElementById("found");
  var rows = Array.prototype.slice.call(document.querySelectorAll("table.units tbody tr"));
  function apply() {
    var wanted = input.value.trim().toLowerCase();
    var names = {};
    rows.forEach(function (row) {
      var text = (row.cells[0].textContent + " " + row.cells[1].textContent).toLowerCase();
      var shown = wanted === "" || text.indexOf(wanted) !== -1;
      row.hidden = !shown;
      if (shown) { names[row.cells[1].textContent] = true; }
    });
    document.querySelectorAll("details.table").forEach(function (details) {
      if (details.querySelector("table.units")) { details.open = wanted !== "" && details.querySelector("tbody tr:not([hidden])") !== null; }
    });
    var number = Object.keys(names).length;
    found.textContent = wanted === "" ? "" : number === 1 ? "1 trust or Alliance found" : number + " trusts and Alliances found";
  }
  input.addEventListener("input", apply);
})();
