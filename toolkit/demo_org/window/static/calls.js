// The API calls the org has answered, newest first.

import { el, fill, whole } from "./dom.js";

const KEPT = 500;
const IN_RAIL = 40;
const known = [];

export function take(fresh) {
  const newer = fresh.filter((each) => !known.length || each.number > known[0].number);
  known.unshift(...newer.reverse());
  known.length = Math.min(known.length, KEPT);
}

export function latestCalls() {
  return [
    el("h2", {}, "API calls ", el("a", { href: "#/calls" }, "all")),
    known.length
      ? el("ol", { class: "call-list" }, known.slice(0, IN_RAIL).map(short))
      : el("p", { class: "nothing" }, "None yet. They appear here as a client makes them."),
  ];
}

export function calls(main) {
  const filter = el("input", {
    type: "search",
    placeholder: "Path, status or statement",
    "aria-label": "Search the calls",
    oninput: () => draw(),
  });
  const body = el("tbody");
  const count = el("p", { class: "count", role: "status" });
  const draw = () => {
    const words = filter.value.trim().toLowerCase();
    const found = known.filter((each) => !words || text(each).includes(words));
    fill(body, found.map(row));
    count.textContent = `${whole(found.length)} of the latest ${whole(known.length)} calls`;
  };
  fill(
    main,
    el("div", { class: "head" }, el("h1", {}, "API calls"), el("div", { class: "tools" }, filter)),
    el(
      "div",
      { class: "card scroll" },
      el(
        "table",
        { class: "call-table" },
        el("thead", {}, el("tr", {}, ["Time", "Method", "Path", "Status", "ms"].map((each) => el("th", { scope: "col" }, each)))),
        body,
      ),
    ),
    count,
  );
  draw();
  return { beat: (pulse) => pulse.calls.length && draw() };
}

function row(call) {
  return el(
    "tr",
    {},
    el("td", { class: "when" }, call.at),
    el("td", {}, method(call)),
    el("td", { class: "path" }, el("span", {}, call.path), call.detail ? el("code", {}, call.detail) : null),
    el("td", {}, status(call)),
    el("td", { class: "number" }, String(call.ms)),
  );
}

function short(call) {
  const path = call.path.replace(/^\/services\/(data\/v[\d.]+)?/, "") || call.path;
  return el(
    "li",
    {},
    el("div", {}, method(call), status(call), el("span", { class: "when" }, call.at)),
    el("div", { class: "path", title: call.path }, path),
    call.detail ? el("code", { title: call.detail }, call.detail) : null,
  );
}

function method(call) {
  return el("span", { class: `method ${call.method.toLowerCase()}` }, call.method);
}

function status(call) {
  const kind = call.status < 300 ? "good" : call.status < 400 ? "other" : "bad";
  return el("span", { class: `status ${kind}` }, String(call.status));
}

function text(call) {
  return `${call.method} ${call.path} ${call.status} ${call.detail}`.toLowerCase();
}
