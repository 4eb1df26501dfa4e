// What a CRM user does to a record by hand, each asked for in a dialog: edit, merge, delete.

import { newest, post } from "./api.js";
import { el, fill, tell } from "./dom.js";

export function askEdit(found, actor, chosen) {
  const fields = found.fields.filter((each) => each.editable).sort((one, other) => one.label.localeCompare(other.label));
  const first = fields.find((each) => each.name === chosen) ?? fields.find((each) => each.name === "Name") ?? fields[0];
  const pick = el("select", { id: "edit-field" }, fields.map((each) => el("option", { value: each.name, selected: each === first }, each.label)));
  const place = el("div", { class: "control" });
  let input;
  const draw = () => {
    const field = fields.find((each) => each.name === pick.value);
    input = control(field);
    fill(place, el("label", { for: "edit-value" }, "New value"), input);
  };
  pick.addEventListener("change", draw);
  draw();
  open(`Edit ${found.name}`, `Save as ${actor}`, [el("div", { class: "control" }, el("label", { for: "edit-field" }, "Field"), pick), place], async () => {
    const field = fields.find((each) => each.name === pick.value);
    await post("edit", { object: found.object, id: found.id, field: field.name, value: valueOf(field, input) });
    return `${actor} changed ${field.label}.`;
  });
  (chosen ? input : pick).focus();
}

export function askMerge(found, actor) {
  const results = el("div", { class: "choices", role: "radiogroup", "aria-label": "Records" });
  const search = el("input", { type: "search", id: "merge-search", placeholder: "Name or id" });
  const ask = newest();
  const look = async () => {
    const answer = await ask("records", { object: found.object, search: search.value.trim(), sort: "Name" });
    if (!answer) return;
    const others = answer.rows.filter((each) => each.id !== found.id).slice(0, 8);
    fill(
      results,
      others.map((each, place) =>
        el("label", {}, el("input", { type: "radio", name: "loser", value: each.id, checked: others.length === 1 && place === 0 }), el("span", {}, each.cells[0] || each.id), el("code", {}, each.id)),
      ),
    );
    if (!others.length) fill(results, el("p", { class: "nothing" }, "No other record."));
  };
  search.addEventListener("input", look);
  look();
  open(
    `Merge into ${found.name}`,
    `Merge as ${actor}`,
    [
      el("p", {}, "The record you choose goes to the recycle bin; what belonged to it comes here. This record keeps its values."),
      el("div", { class: "control" }, el("label", { for: "merge-search" }, "Record to merge in"), search),
      results,
    ],
    async () => {
      const loser = results.querySelector("input:checked");
      if (!loser) throw new Error("Choose a record to merge in.");
      await post("merge", { object: found.object, id: found.id, loser: loser.value });
      return `${actor} merged a record into ${found.name}.`;
    },
  );
  search.focus();
}

export function askDelete(found, actor) {
  open(
    `Delete ${found.name}?`,
    `Delete as ${actor}`,
    [el("p", {}, "It goes to the recycle bin, and what hangs on it goes along, as the org's rules say.")],
    async () => {
      await post("delete", { object: found.object, id: found.id });
      return `${actor} deleted ${found.name}.`;
    },
    true,
  );
}

export async function bringBack(found, actor) {
  try {
    await post("undelete", { id: found.id });
    tell(`${actor} brought ${found.name} back.`);
    dispatchEvent(new Event("window:beat"));
  } catch (problem) {
    tell(problem.message, true);
  }
}

function open(title, doing, content, act, danger = false) {
  const problem = el("p", { class: "problem", role: "alert" });
  const go = el("button", { type: "submit", class: danger ? "danger" : null }, doing);
  const submit = async (event) => {
    event.preventDefault();
    go.disabled = true;
    problem.textContent = "";
    try {
      const done = await act();
      dialog.close();
      tell(done);
      dispatchEvent(new Event("window:beat"));
    } catch (refused) {
      problem.textContent = refused.message;
    }
    go.disabled = false;
  };
  const dialog = el(
    "dialog",
    { "aria-labelledby": "dialog-title", onclose: () => dialog.remove() },
    el(
      "form",
      { onsubmit: submit },
      el("h2", { id: "dialog-title" }, title),
      content,
      problem,
      el("div", { class: "dialog-foot" }, el("button", { type: "button", class: "quiet", onclick: () => dialog.close() }, "Cancel"), go),
    ),
  );
  document.getElementById("main").append(dialog);
  dialog.showModal();
}

const INPUTS = { date: "date", double: "number", currency: "number", percent: "number", int: "number", email: "email", url: "url", phone: "tel" };

function control(field) {
  const common = { id: "edit-value", name: "value" };
  if (field.options.length || field.type === "boolean") {
    const options = field.type === "boolean" ? ["true", "false"] : ["", ...field.options];
    const now = field.raw === null ? "" : String(field.raw);
    if (!options.includes(now)) options.push(now);
    return el("select", common, options.map((each) => el("option", { value: each, selected: each === now }, each === "" ? "(empty)" : each)));
  }
  const now = field.raw === null ? "" : String(field.raw);
  if (field.type === "textarea") return el("textarea", { ...common, rows: 4, value: now });
  return el("input", { ...common, type: INPUTS[field.type] ?? "text", step: "any", value: now });
}

function valueOf(field, input) {
  if (input.value === "") return null;
  if (field.type === "boolean") return input.value === "true";
  return INPUTS[field.type] === "number" ? Number(input.value) : input.value;
}
