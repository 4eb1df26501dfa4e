// The browser's half of the grid: draws the page the kernel gives, and sends back searches, sorts, pages and edits.
// Rows that can be moved have a handle: it is dragged, or Alt and an arrow key moves the row. Rows that something can be
// done with are chosen by a click or the arrow keys; rows of a tree open and close with the right and the left arrow.
// Text is only ever set as textContent, so nothing in a record can become markup.

const TYPING_PAUSE = 200; // milliseconds without a key before a search is sent
const WIDTH_OF_HANDLE = 34; // pixels of the column with the handles
const STEPS = { ArrowUp: -1, ArrowDown: 1 }; // what Alt and an arrow key move a row by
const WIDTH_OF_OTHERS = 110; // pixels that a column without a width gets at least
const WIDTH_OF_TEXT = 180; // and one whose text is broken into lines
const ALONE = "The kernel was restarted or stopped: run this cell again.";

function element(tag, properties = {}, children = []) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

// JupyterLab takes a key for a command of its own wherever in a cell the focus is: on one of our buttons, "x" would cut
// the whole cell. Keys pressed in a widget of ours are for the widget alone; with Ctrl they are JupyterLab's as ever.
// It asks only the element that has the focus, so that is what is marked.
function keepKeys(event) {
  if (!event.target.closest?.(".cs-widget, .cs-grid, .cs-review")) return;
  event.target.toggleAttribute("data-lm-suppress-shortcuts", !(event.ctrlKey || event.metaKey));
}

if (!window.csKeepsKeys) {
  window.csKeepsKeys = true;
  window.addEventListener("keydown", keepKeys, true);
}

function render({ model, el }) {
  const columns = model.get("columns");
  const movable = model.get("movable");
  const actions = model.get("actions");
  const role = model.get("role"); // "table", or "grid" and "treegrid" whose rows can be chosen
  const width = columns.length + (movable ? 1 : 0);
  el.classList.add("cs-grid");

  const search = element("input", { type: "search", placeholder: "Search", className: "cs-search" });
  search.setAttribute("aria-label", `Search ${model.get("label")}`);
  const count = element("span", { className: "cs-count" });
  count.setAttribute("role", "status");
  const said = element("span", { className: "cs-count" });
  said.setAttribute("role", "status");
  const headings = columns.map(heading);
  const body = element("tbody");
  const table = element("table", {}, [
    element("colgroup", {}, [...(movable ? [{ width: WIDTH_OF_HANDLE }] : []), ...columns].map(({ width }) => {
      const col = element("col");
      if (width) col.style.width = `${width}px`;
      return col;
    })),
    element("thead", {}, [element("tr", {}, movable ? [element("td", { className: "cs-handle" }), ...headings] : headings)]),
    body,
  ]);
  table.setAttribute("aria-label", model.get("label"));
  if (role !== "table") table.setAttribute("role", role);
  table.style.minWidth = `${(movable ? WIDTH_OF_HANDLE : 0) + columns.reduce((sum, { width, wrap }) => sum + (width || (wrap ? WIDTH_OF_TEXT : WIDTH_OF_OTHERS)), 0)}px`;
  const previous = element("button", { type: "button", textContent: "‹ Previous" });
  const where = element("span", { className: "cs-count" });
  const next = element("button", { type: "button", textContent: "Next ›" });
  const pages = element("div", { className: "cs-bar" }, [previous, where, next]);
  const message = element("div", { className: "cs-message" });
  message.setAttribute("role", "alert");
  el.append(
    element("div", { className: "cs-bar" }, [search, ...actions.filter(({ label }) => label).map(deed), count, said]),
    element("div", { className: "cs-scroll" }, [table]),
    pages,
    message,
  );

  function ask(change) {
    model.set("query", { ...model.get("query"), ...change });
    model.save_changes();
  }

  function send(content) {
    try {
      model.send(content);
    } catch {
      message.textContent = ALONE;
    }
  }

  function deed({ name, label, key }) {
    const button = element("button", { type: "button", className: "cs-deed" }, [
      element("span", { textContent: label }), element("kbd", { textContent: key }),
    ]);
    button.setAttribute("aria-keyshortcuts", key);
    button.addEventListener("click", () => act(name, model.get("page").chosen));
    return button;
  }

  function act(name, row) {
    if (row) send({ kind: "act", name, row });
  }

  let typing;
  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => ask({ find: search.value, page: 0 }), TYPING_PAUSE);
  });
  previous.addEventListener("click", () => ask({ page: model.get("page").number - 1 }));
  next.addEventListener("click", () => ask({ page: model.get("page").number + 1 }));

  function heading(column) {
    if (role === "treegrid") { // its order is the tree's
      const plain = element("span", { className: "cs-heading", textContent: column.label });
      return element("th", { scope: "col", className: `cs-${column.align}` }, [plain]);
    }
    const button = element("button", { type: "button", title: `Sort by ${column.label}` }, [
      element("span", { textContent: column.label }),
      element("span", { className: "cs-arrow" }),
    ]);
    button.addEventListener("click", () => {
      const query = model.get("query");
      const again = query.sort === column.name; // ascending, then descending, then as it was
      ask({ sort: again && query.descending ? "" : column.name, descending: again && !query.descending, page: 0 });
    });
    return element("th", { scope: "col", className: `cs-${column.align}` }, [button]);
  }

  function drawHeadings() {
    if (role === "treegrid") return;
    const query = model.get("query");
    columns.forEach((column, position) => {
      const sorted = query.sort === column.name;
      headings[position].setAttribute("aria-sort", sorted ? (query.descending ? "descending" : "ascending") : "none");
      headings[position].querySelector(".cs-arrow").textContent = sorted ? (query.descending ? "▼" : "▲") : "";
    });
  }

  function control(column, row, value) {
    if (column.switch) return element("input", { type: "checkbox", checked: value === true });
    if (column.choices.length) {
      return element("select", {}, column.choices.map((choice) =>
        element("option", { value: choice, textContent: column.words[choice] ?? choice, selected: choice === value })));
    }
    return element("input", { type: "text", value: value ?? "", autocomplete: "off" });
  }

  function editor(column, row, value) {
    const field = control(column, row, value);
    field.setAttribute("aria-label", `${column.label} of ${row.key}`);
    field.dataset.cell = JSON.stringify([row.key, column.name]);
    field.addEventListener("change", () => {
      send({ kind: "edit", row: row.key, column: column.name, value: column.switch ? field.checked : field.value });
    });
    if (field.type === "text") {
      field.addEventListener("keydown", (event) => {
        if (event.key === "Enter") field.blur();
        if (event.key === "Escape") field.value = value ?? "";
      });
    }
    return field;
  }

  function drawCell(column, row) {
    const value = row.cells[column.name];
    const cell = element("td", { className: `cs-${column.align}` });
    if (column.wrap) cell.classList.add("cs-wrap");
    if (row.edited.includes(column.name)) cell.classList.add("cs-edited");
    if (column.editable && column.gaps && value === null) return cell;
    if (column.editable) {
      cell.append(editor(column, row, value));
      return cell;
    }
    if (column.bar && row.bars[column.name] !== null) {
      cell.classList.add("cs-share");
      cell.style.setProperty("--cs-share", `${Math.max(0, Math.min(1, row.bars[column.name])) * 100}%`);
    }
    const said = (column.bar || column.counts) && /^\d+$/.test(value) ? number(Number(value)) : value;
    const text = column.switch ? (value ? "yes" : "no") : column.words[value] ?? said;
    if (text === null) {
      cell.classList.add("cs-null");
      return cell;
    }
    if (column.tones[value]) {
      const sign = element("span", { className: `cs-sign cs-${column.tones[value]}`, textContent: column.signs[value] });
      sign.setAttribute("aria-hidden", "true"); // the word beside it says the same
      cell.append(sign);
    }
    const clamped = column.wrap && column.width; // a narrow column: a long text takes some lines, not a page
    cell.append(clamped ? element("span", { className: "cs-clamp", textContent: text }) : text);
    if (clamped || !column.wrap) cell.title = text;
    return cell;
  }

  function drawRow(row, index) {
    const cells = element("tr", {}, columns.map((column) => drawCell(column, row)));
    if (role !== "table") makeChoosable(cells, row);
    if (role === "treegrid") makeBranch(cells, row);
    if (movable) makeMovable(cells, row, model.get("page").first - 1 + index);
    if (!row.note) return [cells];
    cells.classList.add("cs-noted");
    return [cells, element("tr", { className: "cs-note" }, [element("td", { colSpan: width, textContent: row.note })])];
  }

  function makeChoosable(line, row) {
    line.dataset.cell = JSON.stringify([row.key, "#row"]);
    line.dataset.key = row.key;
    line.addEventListener("click", (event) => {
      if (event.target.closest("input, select, button") || getSelection().toString()) return;
      line.focus();
      choose(line);
    });
  }

  function makeBranch(line, row) {
    const leaf = row.open === null;
    line.setAttribute("aria-level", row.level + 1);
    if (!leaf) line.setAttribute("aria-expanded", row.open);
    const sign = element("span", { className: "cs-twist", textContent: leaf ? "" : row.open ? "▾" : "▸" });
    sign.setAttribute("aria-hidden", "true");
    sign.addEventListener("click", (event) => {
      event.stopPropagation();
      if (!leaf) send({ kind: "toggle", row: row.key });
    });
    line.cells[0].style.paddingLeft = `${10 + 18 * row.level}px`;
    line.cells[0].prepend(sign);
  }

  function choose(line) {
    if (line.dataset.key === model.get("page").chosen) return;
    model.get("page").chosen = line.dataset.key;
    markChosen();
    send({ kind: "choose", row: line.dataset.key });
  }

  function markChosen() {
    const { chosen } = model.get("page");
    const lines = [...body.querySelectorAll("tr[data-key]")];
    const reachable = lines.find((line) => line.dataset.key === chosen) ?? lines[0];
    for (const line of lines) {
      line.setAttribute("aria-selected", line.dataset.key === chosen);
      line.tabIndex = line === reachable ? 0 : -1;
    }
    for (const button of el.querySelectorAll(".cs-deed")) button.disabled = !chosen;
  }

  body.addEventListener("keydown", (event) => {
    const line = event.target;
    if (!line.dataset?.key || event.altKey || event.ctrlKey || event.metaKey) return;
    const open = line.getAttribute("aria-expanded");
    const turned = { ArrowRight: "false", ArrowLeft: "true" }[event.key];
    const deed = actions.find(({ key }) => key.toLowerCase() === event.key.toLowerCase());
    if (event.key in STEPS) walk(line, STEPS[event.key]);
    else if (open !== null && (open === turned || event.key === "Enter" || event.key === " ")) send({ kind: "toggle", row: line.dataset.key });
    else if (deed) act(deed.name, line.dataset.key);
    else return;
    event.preventDefault();
  });

  function walk(line, by) {
    const lines = [...body.querySelectorAll("tr[data-key]")];
    const next = lines[lines.indexOf(line) + by];
    if (!next) send({ kind: "step", by }); // on another page
    else {
      next.focus();
      choose(next);
    }
  }

  function makeMovable(line, row, place) {
    const { find, sort } = model.get("query");
    const fixed = Boolean(find.trim() || sort);
    const title = fixed ? "Clear the search and the order of the columns to move rows" : "Drag, or press Alt with ↑ or ↓";
    const handle = element("button", { type: "button", textContent: "⠿", title, disabled: fixed });
    handle.setAttribute("aria-label", `Move ${row.key}`);
    handle.dataset.cell = JSON.stringify([row.key, "#move"]);
    line.prepend(element("td", { className: "cs-handle" }, [handle]));
    line.dataset.place = place;
    if (fixed) return;
    line.addEventListener("keydown", (event) => {
      if (!event.altKey || !(event.key in STEPS) || event.target.tagName === "SELECT") return;
      event.preventDefault();
      send({ kind: "move", row: row.key, by: STEPS[event.key] });
    });
    handle.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      event.preventDefault(); // else the page selects text
      handle.focus();
      handle.setPointerCapture(event.pointerId);
      drag(handle, line, row.key, place);
    });
  }

  // Follow the pointer until it is let go: the row goes into the gap that is nearest. Escape puts it back.
  function drag(handle, line, key, from) {
    const over = new AbortController();
    const lines = [...body.querySelectorAll("tr[data-place]")];
    let gap = null;
    const mark = (y) => {
      lines.forEach((each) => each.classList.remove("cs-above", "cs-below"));
      if (y === null) return;
      gap = lines.filter((each) => middle(each) < y).length;
      if (gap < lines.length) lines[gap].classList.add("cs-above");
      else lines.at(-1).classList.add("cs-below");
    };
    const end = (dropped) => {
      over.abort();
      mark(null);
      line.classList.remove("cs-dragged");
      if (!dropped || gap === null) return;
      const to = Number(lines[0].dataset.place) + gap;
      if (to !== from && to !== from + 1) send({ kind: "move", row: key, to: to > from ? to - 1 : to });
    };
    line.classList.add("cs-dragged");
    const { signal } = over;
    handle.addEventListener("pointermove", (event) => mark(event.clientY), { signal });
    handle.addEventListener("pointerup", () => end(true), { signal });
    handle.addEventListener("pointercancel", () => end(false), { signal });
    handle.addEventListener("keydown", (event) => event.key === "Escape" && end(false), { signal });
  }

  function middle(line) {
    const { top, height } = line.getBoundingClientRect();
    return top + height / 2;
  }

  function draw() {
    const page = model.get("page");
    const focused = body.contains(document.activeElement) ? document.activeElement : null;
    drawHeadings();
    body.replaceChildren(...page.rows.flatMap(drawRow));
    if (!page.rows.length) {
      const nothing = page.all ? "No row is like that" : "Nothing to show";
      body.append(element("tr", {}, [element("td", { textContent: nothing, className: "cs-nothing", colSpan: width })]));
    }
    markChosen();
    if (focused) refocus(focused);
    const last = page.first + Math.max(page.rows.length - 1, 0);
    const whole = page.total === page.all || (role === "treegrid" && !model.get("query").find.trim());
    const of = whole ? number(page.total) : `${number(page.total)} found among ${number(page.all)}`;
    count.textContent = page.pages > 1 ? `Rows ${number(page.first)} to ${number(last)} of ${of}` : `Rows: ${of}`;
    where.textContent = `Page ${number(page.number + 1)} of ${number(page.pages)}`;
    previous.disabled = page.number === 0;
    next.disabled = page.number + 1 >= page.pages;
    pages.hidden = page.pages <= 1;
  }

  // A page is drawn anew after each edit: whoever went on to another cell meanwhile stays in it, with what they typed.
  function refocus(before) {
    const chosen = before.dataset.key !== undefined && body.querySelector('tr[aria-selected="true"]');
    const same = (field) => field.dataset.cell === before.dataset.cell;
    const after = chosen || [...body.querySelectorAll("[data-cell]")].find(same);
    if (!after) return;
    if (after.type === "text") after.value = before.value;
    after.focus();
  }

  function number(value) {
    return value.toLocaleString("en");
  }

  function showQuery() {
    const { find } = model.get("query");
    if (document.activeElement !== search && search.value !== find) search.value = find;
  }

  function say() {
    message.textContent = alone() ? ALONE : model.get("message");
    said.textContent = model.get("said");
  }

  function alone() {
    return el.closest(".jupyter-widgets-disconnected") !== null;
  }

  const reactions = {
    "change:page": draw, "change:query": showQuery, "change:message": say, "change:said": say, comm_live_update: say,
  };
  Object.entries(reactions).forEach(([event, react]) => model.on(event, react));
  draw();
  showQuery();
  say();
  return () => {
    clearTimeout(typing);
    Object.entries(reactions).forEach(([event, react]) => model.off(event, react));
  };
}

export default { render };
