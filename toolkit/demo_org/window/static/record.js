// One record: all its fields, what changed in it, what refers to it, and a button each for a CRM user's deeds.

import { newest } from "./api.js";
import { changeList, recordLink } from "./changes.js";
import { askDelete, askEdit, askMerge, bringBack } from "./deeds.js";
import { el, fill, whole } from "./dom.js";

const DONE = { created: "created it", deleted: "deleted it", "brought back": "brought it back", "merged away": "merged it away" };

let everything = false; // whether empty and system fields are shown, too: kept from record to record

export async function record(main, route, pulse) {
  const [object, id] = route.parts;
  const ask = newest();
  const draw = async () => {
    const found = await ask("record", { object, id });
    if (!found || document.querySelector("dialog[open]")) return;
    fill(main, ...page(found, pulse.actor, draw));
  };
  await draw();
  return { changed: draw };
}

function page(found, actor, draw) {
  const deeds = [
    found.updateable && el("button", { type: "button", "data-key": "edit", onclick: () => askEdit(found, actor) }, "Edit"),
    found.mergeable && el("button", { type: "button", class: "quiet", "data-key": "merge", onclick: () => askMerge(found, actor) }, "Merge"),
    found.deletable && el("button", { type: "button", class: "quiet danger", "data-key": "delete", onclick: () => askDelete(found, actor) }, "Delete"),
  ];
  return [
    el(
      "div",
      { class: "head record-head" },
      el("div", {}, el("p", { class: "crumb" }, el("a", { href: `#/records/${found.object}`, "data-key": "crumb" }, found.label), el("code", {}, found.id)), el("h1", {}, found.name)),
      found.deleted ? null : el("div", { class: "tools" }, el("span", { class: "as" }, `As ${actor}:`), deeds),
    ),
    found.deleted ? gone(found, actor) : null,
    found.related.length ? el("p", { class: "related" }, found.related.map((each) => relation(found, each))) : null,
    el("div", { class: "record" }, fieldCard(found, actor, draw), historyCard(found)),
  ];
}

function gone(found, actor) {
  return el(
    "p",
    { class: "notice" },
    el("span", {}, "In the recycle bin.", found.master ? [" Merged into ", el("a", { href: recordLink(found.master.object, found.master.id) }, found.master.text), "."] : null),
    found.master ? null : el("button", { type: "button", class: "quiet", "data-key": "undelete", onclick: () => bringBack(found, actor) }, `Bring back as ${actor}`),
  );
}

function relation(found, each) {
  const query = new URLSearchParams({ field: each.field, value: found.id });
  return el("a", { class: "chip", href: `#/records/${each.object}?${query}`, "data-key": `related-${each.object}-${each.field}` }, each.label, el("span", { class: "tally" }, whole(each.count)));
}

function fieldCard(found, actor, draw) {
  const shown = found.fields.filter((each) => everything || (each.text !== "" && !each.system));
  const toggle = el("input", {
    type: "checkbox",
    checked: everything,
    "data-key": "everything",
    onchange: (event) => {
      everything = event.target.checked;
      draw();
    },
  });
  return el(
    "section",
    { class: "card fields", "aria-labelledby": "fields-title" },
    el("div", { class: "card-head" }, el("h2", { id: "fields-title" }, "Fields"), el("label", { class: "check" }, toggle, `All ${found.fields.length}`)),
    el("dl", {}, shown.map((each) => fieldLine(found, each, actor))),
  );
}

function fieldLine(found, field, actor) {
  const value = field.link ? el("a", { href: recordLink(field.link.object, field.link.id), "data-key": `value-${field.name}` }, field.text) : field.text;
  const edit =
    field.editable && !found.deleted
      ? el("button", { type: "button", class: "pencil", "aria-label": `Edit ${field.label}`, title: "Edit", "data-key": `edit-${field.name}`, onclick: () => askEdit(found, actor, field.name) }, "✎")
      : null;
  return el(
    "div",
    {},
    el("dt", {}, el("span", {}, field.label), el("code", {}, field.name)),
    el("dd", { class: field.text === "" ? "empty" : null }, el("span", {}, field.text === "" ? "empty" : value), edit),
  );
}

function historyCard(found) {
  const event = (each) =>
    el(
      "li",
      { class: each.kind.replace(" ", "-") },
      el("p", { class: "when" }, el("strong", {}, each.by), ` ${DONE[each.kind] ?? each.kind}`, el("time", {}, each.at)),
      changeList(each.changes),
    );
  return el(
    "section",
    { class: "card history", "aria-labelledby": "history-title" },
    el("div", { class: "card-head" }, el("h2", { id: "history-title" }, "History")),
    el("ol", {}, found.history.map(event)),
  );
}
