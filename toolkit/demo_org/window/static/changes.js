// What was saved lately, in whatever record: who, when, from what to what.

import { get, newest } from "./api.js";
import { el, fill } from "./dom.js";

export async function changes(main) {
  const list = el("ol", { class: "saves card" });
  const older = el("button", { type: "button", class: "quiet", onclick: () => more() }, "Older");
  let before = 0;
  const ask = newest();
  const draw = async () => {
    const found = await ask("changes");
    if (!found) return;
    before = found.before;
    older.hidden = !before;
    fill(list, found.saves.length ? found.saves.map(save) : el("li", { class: "nothing" }, nothing));
  };
  const more = async () => {
    const found = await get("changes", { before });
    before = found.before;
    older.hidden = !before;
    list.append(...found.saves.map(save));
  };
  fill(main, el("div", { class: "head" }, el("h1", {}, "Changes")), list, el("p", { class: "more" }, older));
  await draw();
  return { changed: draw };
}

const nothing = "Nothing was saved yet since the sample company was made. Commit a plan, or edit a record here.";

function save(each) {
  return el(
    "li",
    { class: `save ${each.kind.replace(" ", "-")}` },
    el(
      "div",
      { class: "save-head" },
      el("a", { href: recordLink(each.object, each.id), "data-key": `save-${each.number}` }, each.name),
      el("span", { class: "kind" }, `${each.label} ${each.kind}`),
      el("span", { class: "who" }, `${each.by} · ${each.at}`),
    ),
    changeList(each.changes),
  );
}

export function changeList(list) {
  if (!list.length) return null;
  return el(
    "dl",
    { class: "change-list" },
    list.map((each) =>
      el(
        "div",
        {},
        el("dt", { title: each.field }, each.label),
        el(
          "dd",
          {},
          value("del", each.before),
          el("span", { class: "arrow", "aria-hidden": "true" }, "→"),
          value("ins", each.after),
        ),
      ),
    ),
  );
}

export function recordLink(object, id) {
  return `#/record/${encodeURIComponent(object)}/${encodeURIComponent(id)}`;
}

function value(tag, text) {
  return el(tag, { class: text === "" ? "empty" : null }, text === "" ? "empty" : text);
}
