// Building blocks: elements, tables with their download, and a box that finds a trust by name or code.
function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === "on") { for (const [event, act] of Object.entries(value)) { node.addEventListener(event, act); } }
    else if (value === true) { node.setAttribute(name, ""); }
    else if (value !== false && value !== null && value !== undefined) { node.setAttribute(name, value); }
  }
  // Strings become text nodes: a name can hold markup and stays a name.
  node.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== ""));
  return node;
}
const announce = (text) => { document.getElementById("announce").textContent = text; };
const slug = (text) => text.replace(/[^A-Za-z0-9]+/g, "_").replace(/^_|_$/g, "").slice(0, 80);

// A spreadsheet would run a cell that begins like this.
const safeCell = (text) => (/^[=+\-@\t\r]/.test(text) && !/^[+-]?[0-9.]+$/.test(text) ? `'${text}` : text);
function csvText(rows) {
  const quoted = (text) => (/[",\n\r]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text);
  return rows.map((row) => row.map((cell) => quoted(safeCell(String(cell)))).join(",")).join("\r\n") + "\r\n";
}
function save(name, text) {
  const address = URL.createObjectURL(new Blob(["\ufeff", text], { type: "text/csv;charset=utf-8" }));
  const link = el("a", { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
  announce(`Saved ${name}`);
}

// columns: [{title, number, parts}]; rows: [{head, headText, cells, variant}]. A cell is text, {parts: [...], node}, which fills
// the parts of its column in the download, or {span: reason} for the rest of the row.
function table({ caption, columns, rows, cards }) {
  const head = el("tr", { role: "row" }, columns.map((c) => el("th", { scope: "col", role: "columnheader", class: c.number ? "number" : null }, c.title)));
  const body = rows.map((row) => {
    const cells = row.cells.map((cell, i) => {
      const column = columns[i + 1];
      if (cell && cell.span) { return el("td", { role: "cell", colspan: columns.length - 1 - i, class: "reason" }, cell.span); }
      return el("td", { role: "cell", class: column.number ? "number" : null, "data-label": column.title }, cell && cell.node ? cell.node : String(cell));
    });
    return el("tr", { role: "row", class: row.variant ? "variant" : null }, el("th", { scope: "row", role: "rowheader" }, row.head), cells);
  });
  const made = el("table", { role: "table", class: cards ? "cards" : null }, el("caption", {}, el("span", {}, caption)),
    el("thead", { role: "rowgroup" }, head), el("tbody", { role: "rowgroup" }, body));
  const file = `naome_${slug(D.release.period)}_v${slug(D.release["delivery version"])}_${slug(caption)}.csv`;
  const button = el("button", { type: "button", class: "plain", "aria-label": `Download this table (CSV): ${caption}`,
    on: { click: () => save(file, csvText(asRows(columns, rows))) } }, "Download this table (CSV)");
  return el("div", {}, el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption }, made), button);
}
function asRows(columns, rows) {
  const width = (c) => (c.parts ? c.parts.length : 1);
  const titles = columns.flatMap((c) => (c.parts ? c.parts.map((p) => `${c.title}: ${p}`) : [c.title]));
  return [titles, ...rows.map((row) => {
    const line = [row.headText || row.head];
    row.cells.forEach((cell, i) => {
      if (cell && cell.span) { line.push(cell.span); }
      else if (cell && cell.parts) { line.push(...cell.parts); }
      else { line.push(cell); }
      while (!(cell && cell.span) && line.length < columns.slice(0, i + 2).reduce((n, c) => n + width(c), 0)) { line.push(""); }
    });
    while (line.length < titles.length) { line.push(""); }
    return line;
  })];
}
function folded(title, content) {
  return el("details", { class: "table" }, el("summary", {}, title), content);
}

// A box to type into, with a list below: arrows move, Enter takes, Escape closes, an emptied box takes nobody.
function finder({ id, label, hint, units, chosen, choose }) {
  const listId = `${id}-list`;
  const input = el("input", { id, type: "text", role: "combobox", autocomplete: "off", spellcheck: "false", "aria-autocomplete": "list",
    "aria-expanded": "false", "aria-controls": listId, "aria-describedby": `${id}-hint`, placeholder: "Name or code" });
  const list = el("ul", { id: listId, role: "listbox", "aria-label": label, hidden: true });
  const said = el("p", { id: `${id}-hint`, class: "hint", "aria-live": "polite" }, hint);
  let found = [], at = -1;
  const text = (unit) => (unit ? `${unit.name} (${unit.code})` : "");
  const words = (wanted) => wanted.toLowerCase().split(/[\s()]+/).filter(Boolean);
  function close() { list.hidden = true; at = -1; input.setAttribute("aria-expanded", "false"); input.removeAttribute("aria-activedescendant"); said.textContent = hint; }
  function mark(next) {
    at = next;
    [...list.children].forEach((option, i) => option.setAttribute("aria-selected", String(i === at)));
    if (at >= 0) { input.setAttribute("aria-activedescendant", list.children[at].id); list.children[at].scrollIntoView({ block: "nearest" }); }
  }
  function take(unit) { close(); input.value = text(unit); choose(unit ? unit.code : ""); }
  function open() {
    const typed = input.value === text(UNITS.get(chosen())) ? "" : input.value.trim().toLowerCase();
    // What was typed as it stands, else all its words in any order.
    found = units.filter((unit) => text(unit).toLowerCase().includes(typed));
    if (!found.length) { found = units.filter((unit) => words(typed).every((word) => text(unit).toLowerCase().includes(word))); }
    list.replaceChildren(...found.map((unit, i) => el("li", { id: `${listId}-${i}`, role: "option", "aria-selected": "false",
      on: { mousedown: (event) => { event.preventDefault(); take(unit); } } }, text(unit))));
    list.hidden = found.length === 0;
    input.setAttribute("aria-expanded", String(found.length > 0));
    input.removeAttribute("aria-activedescendant");
    at = -1;
    said.textContent = found.length === 0 ? "No trust has this name or code." : found.length === 1 ? "1 trust found" : `${found.length} trusts found`;
  }
  input.addEventListener("input", open);
  input.addEventListener("click", () => { if (list.hidden) { input.select(); } });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) { open(); }
      if (found.length) { mark((at + (event.key === "ArrowDown" ? 1 : found.length - (at < 0 ? 0 : 1))) % found.length); }
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (input.value.trim() === "") { take(null); }
      else if (!list.hidden && (at >= 0 || found.length === 1)) { take(found[Math.max(at, 0)]); }
    } else if (event.key === "Escape") { close(); show(); }
  });
  input.addEventListener("blur", () => { if (input.value.trim() === "" && chosen()) { take(null); } close(); show(); });
  function show() { input.value = text(UNITS.get(chosen())); }
  return { node: el("div", { class: "field" }, el("label", { for: id }, label), input, list, said), show };
}
function chooser({ id, label, options, value, choose }) {
  const select = el("select", { id, on: { change: () => choose(select.value) } },
    options.map(([code, text]) => el("option", { value: code, selected: code === value }, text)));
  return el("div", { class: "field" }, el("label", { for: id }, label), select);
}
