// Faults to switch on. Each goes off by itself once it has happened as often as was asked.

import { post } from "./api.js";
import { el, fill, tell } from "./dom.js";

const ACTIONS = [
  ["expire_sessions", "End every session", "The next call of each client is answered with INVALID_SESSION_ID.", "Every session has ended."],
  ["expire_cursors", "Forget the query cursors", "Asking for a next page is answered with INVALID_QUERY_LOCATOR.", "Every query cursor is forgotten."],
  ["use_up_limit", "Use up the daily API calls", "Every call is refused with REQUEST_LIMIT_EXCEEDED until they are restored.", "The daily API calls are used up."],
  ["restore_limit", "Restore the daily API calls", "15,000 calls, none used.", "The daily API calls are restored."],
];

export function faults(main, _route, pulse) {
  const list = el("ul", { class: "switches card" });
  let shown = "";
  const draw = (states) => {
    shown = JSON.stringify(states);
    fill(list, states.map((each) => line(each, draw)));
  };
  fill(
    main,
    el("div", { class: "head" }, el("h1", {}, "Faults")),
    el("p", { class: "lead" }, "Make the org fail the way a real one does, and see what your client makes of it. Only API calls are hit; this window is not."),
    list,
    el("h2", {}, "At once"),
    el("ul", { class: "actions" }, ACTIONS.map(action)),
  );
  draw(pulse.faults);
  return {
    beat: (now) => {
      const typing = list.contains(document.activeElement?.closest("input[type=number]"));
      if (JSON.stringify(now.faults) !== shown && !typing) draw(now.faults);
    },
  };
}

function line(fault, draw) {
  const on = fault.left > 0;
  const times = el("input", {
    type: "number",
    min: 1,
    max: 1000,
    value: String(on ? fault.left : fault.times),
    disabled: on,
    "aria-label": `How often: ${fault.label}`,
  });
  const flip = async () => {
    try {
      draw(await post("fault", { name: fault.name, on: !on, times: Number(times.value) }));
    } catch (problem) {
      tell(problem.message, true);
    }
  };
  return el(
    "li",
    { class: on ? "on" : null },
    el(
      "button",
      { type: "button", role: "switch", "aria-checked": String(on), "aria-label": fault.label, "data-key": `fault-${fault.name}`, onclick: flip },
      el("span", {}),
    ),
    el("div", {}, el("strong", {}, fault.label), el("p", {}, fault.tells)),
    el("label", { class: "times" }, on ? "left " : "times ", times),
  );
}

function action([name, label, tells, done]) {
  const act = async () => {
    try {
      await post("action", { name });
      tell(done);
    } catch (problem) {
      tell(problem.message, true);
    }
  };
  return el("li", {}, el("button", { type: "button", class: "quiet", onclick: act }, label), el("p", {}, tells));
}
