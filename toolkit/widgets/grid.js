// The browser's half of the grid: draws the page the kernel gives, and sends back searches, sorts, pages and edits.
// Text is only ever set as textContent, so nothing in a record can become markup.

function element(tag, properties = {}, children = []) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

function render({ model, el }) {
  const search = element("input", { type: "search", placeholder: "Search", className: "cs-search" });
  search.setAttribute("aria-label", `Search ${model.get("label")}`);
  const count = element("span", { className: "cs-count" });
  count.setAttribute("role", "status");
  const head = element("thead");
  const body = element("tbody");
  const table = element("table", {}, [head, body]);
  table.setAttribute("aria-label", model.get("label"));
  const previous = element("button", { type: "button", textContent: "‹ Previous" });
  const next = element("button", { type: "button", textContent: "Next ›" });
  const message = element("div", { className: "cs-message" });
  message.setAttribute("role", "alert");
  el.classList.add("cs-grid");
  el.append(
    element("div", { className: "cs-bar" }, [search, count]),
    element("div", { className: "cs-scroll" }, [table]),
    element("div", { className: "cs-bar cs-pages" }, [previous, next]),
    message,
  );

  const ask = (change) => {
    model.set("query", { ...model.get("query"), ...change });
    model.save_changes();
  };
  let typing;
  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => ask({ find: search.value, page: 0 }), 150);
  });
  previous.addEventListener("click", () => ask({ page: model.get("page").number - 1 }));
  next.addEventListener("click", () => ask({ page: model.get("page").number + 1 }));

  function drawHead() {
    const query = model.get("query");
    head.replaceChildren(
      element("tr", {}, model.get("columns").map((column) => {
        const sorted = query.sort === column.name;
        const arrow = sorted ? (query.descending ? " ↓" : " ↑") : "";
        const button = element("button", { type: "button", textContent: column.label + arrow });
        button.addEventListener("click", () => ask({ sort: column.name, descending: sorted && !query.descending, page: 0 }));
        const cell = element("th", { scope: "col" }, [button]);
        cell.setAttribute("aria-sort", sorted ? (query.descending ? "descending" : "ascending") : "none");
        cell.style.textAlign = column.align;
        if (column.width) cell.style.width = column.width;
        return cell;
      })),
    );
  }

  function send(row, column, value) {
    model.send({ kind: "edit", row, column, value });
  }

  function editor(cell, column, row, key) {
    const old = row[column.name];
    let field;
    if (column.choices.length) {
      field = element("select", {}, column.choices.map((choice) =>
        element("option", { value: choice, textContent: choice, selected: choice === old })));
    } else {
      field = element("input", { type: "text", value: old ?? "" });
    }
    field.setAttribute("aria-label", `${column.label} of ${key}`);
    let done = false;
    const leave = (keep) => {
      if (done) return;
      done = true;
      if (keep && field.value !== (old ?? "")) send(key, column.name, field.value);
      draw();
    };
    field.addEventListener("keydown", (event) => {
      event.stopPropagation(); // JupyterLab would take the keys as its own
      if (event.key === "Enter") leave(true);
      if (event.key === "Escape") leave(false);
    });
    field.addEventListener("change", () => column.choices.length && leave(true));
    field.addEventListener("blur", () => leave(true));
    cell.replaceChildren(field);
    field.focus();
  }

  const LIGHTS = { ok: ["●", "fits"], warning: ["▲", "look at this"], error: ["■", "does not fit"] };

  function drawCell(column, row, key, edited) {
    const value = row[column.name];
    const cell = element("td");
    cell.style.textAlign = column.align;
    if (edited.has(`${key}\u0000${column.name}`)) cell.classList.add("cs-edited");
    if (column.kind === "check") {
      const box = element("input", { type: "checkbox", checked: value === true, disabled: !column.editable });
      box.setAttribute("aria-label", `${column.label} of ${key}`);
      box.addEventListener("change", () => send(key, column.name, box.checked));
      cell.append(box);
      return cell;
    }
    if (column.kind === "light") {
      const [sign, words] = LIGHTS[value] ?? ["", ""];
      const light = element("span", { className: `cs-light cs-${value}`, textContent: sign, title: row[column.note] || words });
      light.setAttribute("role", "img");
      light.setAttribute("aria-label", row[column.note] || words);
      cell.append(light);
      return cell;
    }
    cell.textContent = value ?? "";
    if (value === null) cell.classList.add("cs-null");
    cell.title = value ?? "";
    if (column.editable) {
      cell.tabIndex = 0;
      cell.classList.add("cs-editable");
      cell.addEventListener("dblclick", () => editor(cell, column, row, key));
      cell.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && event.target === cell) {
          event.preventDefault();
          event.stopPropagation();
          editor(cell, column, row, key);
        }
      });
    }
    return cell;
  }

  function draw() {
    const page = model.get("page");
    const edited = new Set(page.edited.map(([row, column]) => `${row}\u0000${column}`));
    drawHead();
    body.replaceChildren(...page.rows.map((row) =>
      element("tr", {}, model.get("columns").map((column) => drawCell(column, row, String(row[page.key]), edited)))));
    if (!page.rows.length) {
      const nothing = element("td", { textContent: "Nothing to show", className: "cs-nothing" });
      nothing.colSpan = model.get("columns").length;
      body.append(element("tr", {}, [nothing]));
    }
    const last = page.first + page.rows.length - (page.rows.length ? 1 : 0);
    count.textContent = `${page.first.toLocaleString("en")}–${last.toLocaleString("en")} of ${page.total.toLocaleString("en")}`;
    previous.disabled = page.number === 0;
    next.disabled = page.number + 1 >= page.pages;
    previous.parentElement.hidden = page.pages <= 1;
  }

  const say = () => { message.textContent = model.get("message"); };
  model.on("change:page", draw);
  model.on("change:columns", draw);
  model.on("change:message", say);
  draw();
  say();
  return () => {
    model.off("change:page", draw);
    model.off("change:columns", draw);
    model.off("change:message", say);
  };
}

export default { render };
