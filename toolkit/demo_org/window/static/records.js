// The objects of the org, and one object's records as a table: searched, sorted, a page at a time.

import { newest } from "./api.js";
import { recordLink } from "./changes.js";
import { el, fill, whole } from "./dom.js";

export function objectList(objects, current) {
  const link = (each) =>
    el(
      "a",
      { href: `#/records/${each.name}`, "data-key": `object-${each.name}`, "aria-current": each.name === current ? "page" : null },
      el("span", {}, each.label),
      el("span", { class: "tally" }, whole(each.count)),
    );
  const filled = objects.filter((each) => !each.setup && (each.count || each.deleted || each.name === current));
  const setup = objects.filter((each) => each.setup);
  const empty = objects.filter((each) => !filled.includes(each) && !each.setup);
  const folded = (name, list, words) => {
    if (!list.length) return null;
    const open = list.some((each) => each.name === current) || document.querySelector(`[data-fold="${name}"]`)?.open;
    return el("details", { open, "data-fold": name }, el("summary", { "data-key": `objects-${name}` }, words), list.map(link));
  };
  return [
    el("h2", {}, "Objects"),
    ...filled.map(link),
    folded("setup", setup, "Setup"),
    folded("empty", empty, `${empty.length} without records`),
  ];
}

export async function records(main, route) {
  const object = route.parts[0] ?? "Account";
  const given = Object.fromEntries(route.given);
  const table = el("div", { class: "card scroll" });
  const count = el("p", { class: "count", role: "status" });
  const pager = el("p", { class: "pager" });
  const search = el("input", { type: "search", value: given.search ?? "", placeholder: "Name, id or external id", "aria-label": "Search the records", "aria-keyshortcuts": "/" });
  const bin = el("input", { type: "checkbox", checked: Boolean(given.bin) });
  const title = el("h1", {}, object);
  const head = el("div", { class: "head" }, title, el("div", { class: "tools" }, search, el("label", { class: "check" }, bin, "Recycle bin")));
  let asked = { ...given };
  let seen = new Map();

  // What is shown is in the address, so that going back and sharing a link work; typing makes no history of its own.
  const turn = (more) => {
    asked = { ...asked, ...more };
    const kept = Object.entries(asked).filter(([, value]) => value !== "" && value !== 0 && value !== false);
    history.replaceState(null, "", `#/records/${object}?${new URLSearchParams(kept)}`);
    seen = new Map();
    return draw();
  };
  let waiting;
  search.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => turn({ search: search.value.trim(), page: 0 }), 200);
  });
  bin.addEventListener("change", () => turn({ bin: bin.checked ? 1 : "", page: 0 }));

  const ask = newest();
  const draw = async () => {
    const found = await ask("records", { object, ...asked });
    if (!found) return;
    title.textContent = found.label;
    const sorted = (column) => turn({ sort: column, down: found.sort === column && !found.down ? 1 : "", page: 0 });
    fill(table, found.rows.length ? grid(found, sorted, seen) : el("p", { class: "nothing" }, empty(asked)));
    seen = new Map(found.rows.map((each) => [each.id, each.cells.join("\n")]));
    count.textContent = `${whole(found.total)} ${found.total === 1 ? "record" : "records"}`;
    fill(only, found.of ? filter(found.of, () => turn({ field: "", value: "", page: 0 })) : null);
    fill(pager, ...pages(found, (page) => turn({ page })));
  };
  const only = el("p", { class: "related" });
  fill(main, head, only, table, el("div", { class: "foot" }, count, pager));
  await draw();
  return { changed: draw };
}

function filter(of, clear) {
  return el("span", { class: "chip" }, "of ", el("a", { href: recordLink(of.object, of.id) }, of.text), el("button", { type: "button", class: "clear", "aria-label": "Show all", "data-key": "clear", onclick: clear }, "×"));
}

function empty(asked) {
  if (asked.search) return `No record has “${asked.search}” in its name, id or external id.`;
  return asked.bin ? "The recycle bin is empty." : "No records.";
}

function grid(found, sorted, seen) {
  const heading = (column) => {
    const here = column.name === found.sort;
    const order = here ? (found.down ? "descending" : "ascending") : null;
    return el(
      "th",
      { scope: "col", class: column.number ? "number" : null, "aria-sort": order },
      el("button", { type: "button", "data-key": `sort-${column.name}`, title: column.name, onclick: () => sorted(column.name) }, column.label),
    );
  };
  const row = (each) => {
    const fresh = seen.size && seen.get(each.id) !== each.cells.join("\n");
    return el("tr", { class: fresh ? "fresh" : null }, each.cells.map((text, place) => cell(found, each, text, place)));
  };
  return el("table", {}, el("thead", {}, el("tr", {}, found.columns.map(heading))), el("tbody", {}, found.rows.map(row)));
}

function cell(found, row, text, place) {
  const column = found.columns[place];
  if (place === 0) {
    const link = el("a", { href: recordLink(found.object, row.id), "data-key": row.id }, text || row.id);
    return el("th", { scope: "row" }, link);
  }
  const band = column.name === "CS_Health_Band__c" && text ? `band ${text.toLowerCase()}` : null;
  return el("td", { class: column.number ? "number" : null, "data-label": column.label }, band ? el("span", { class: band }, text) : text);
}

function pages(found, turned) {
  if (found.pages === 1) return [];
  const step = (label, page, off) =>
    el("button", { type: "button", class: "quiet", disabled: off, "data-key": `page-${label}`, onclick: () => turned(page) }, label);
  return [
    step("Previous", found.page - 1, found.page === 0),
    el("span", {}, `Page ${whole(found.page + 1)} of ${whole(found.pages)}`),
    step("Next", found.page + 1, found.page + 1 >= found.pages),
  ];
}
