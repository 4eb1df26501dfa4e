// Which view is shown, and what is asked for again and again.

import { get } from "./api.js";
import { calls, latestCalls, take } from "./calls.js";
import { changes } from "./changes.js";
import { el, fill, whole } from "./dom.js";
import { faults } from "./faults.js";
import { record } from "./record.js";
import { objectList, records } from "./records.js";

const BEAT = 1500;
const main = document.getElementById("main");
const rail = document.getElementById("rail");
const views = { records, record, changes, calls, faults };

let view = null; // what the view gave: {changed, beat}
let pulse = null;
let coming = null; // the stage of the view that was asked for last
let beating;

function route() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const parts = path.split("/").filter(Boolean).map(decodeURIComponent);
  return { name: parts[0] in views ? parts[0] : "records", parts: parts.slice(1), given: new URLSearchParams(query) };
}

async function show() {
  const to = route();
  for (const dialog of main.querySelectorAll("dialog")) dialog.close();
  document.body.dataset.view = to.name;
  for (const link of document.querySelectorAll(".tabs a")) {
    const current = link.dataset.view === (to.name === "record" ? "records" : to.name);
    link.toggleAttribute("aria-current", current);
    if (current) link.setAttribute("aria-current", "page");
  }
  drawObjects(to);
  // Each view has a stage of its own, so that what it draws late, when another is shown already, is never seen.
  const stage = el("div", { class: "stage" });
  coming = stage;
  let shown = {};
  try {
    shown = (await views[to.name](stage, to, pulse)) ?? {};
  } catch (problem) {
    fill(stage, el("p", { class: "nothing", role: "alert" }, problem.message));
  }
  if (coming !== stage) return;
  view = shown;
  main.replaceChildren(stage);
  document.title = `${main.querySelector("h1")?.textContent ?? "Demo org"} · ${pulse.org.name}`;
}

function drawObjects(to) {
  const current = to.name === "record" || to.name === "records" ? (to.parts[0] ?? "Account") : "";
  fill(document.getElementById("objects"), objectList(pulse.objects, current));
}

async function beat() {
  clearTimeout(beating);
  if (!document.hidden) {
    try {
      const before = pulse;
      pulse = await get("pulse", { after: before ? before.last : 0 });
      pulse.last = Math.max(before?.last ?? 0, ...pulse.calls.map((each) => each.number));
      take(pulse.calls);
      vitals();
      if (before && view) {
        view.beat?.(pulse);
        if (pulse.change !== before.change) {
          drawObjects(route());
          await view.changed?.(pulse);
        }
      }
    } catch (problem) {
      const live = document.getElementById("live");
      live.textContent = problem instanceof TypeError ? "the org has stopped" : problem.message;
      live.classList.add("lost");
    }
  }
  beating = setTimeout(beat, BEAT);
}

function vitals() {
  const text = (id, words) => {
    const place = document.getElementById(id);
    if (place.textContent !== words) place.textContent = words;
  };
  text("org-name", pulse.org.name);
  text("org-url", pulse.org.url.replace("https://", ""));
  text("clock", pulse.clock);
  text("used", `${whole(pulse.used)} of ${whole(pulse.maximum)}`);
  document.getElementById("meter").value = pulse.maximum ? pulse.used / pulse.maximum : 1;
  text("live", "live");
  document.getElementById("live").classList.remove("lost");
  const on = pulse.faults.filter((each) => each.left).length;
  const badge = document.getElementById("faults-on");
  badge.hidden = !on;
  text("faults-on", on ? String(on) : "");
  if (pulse.calls.length || !rail.firstChild) fill(rail, latestCalls());
}

addEventListener("hashchange", async () => {
  await show();
  scrollTo(0, 0);
  main.focus({ preventScroll: true });
});
document.addEventListener("visibilitychange", () => document.hidden || beat());
addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, select, textarea, dialog");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
    const search = document.querySelector("main input[type=search]");
    if (search) {
      event.preventDefault();
      search.focus();
    }
  }
});
addEventListener("window:beat", beat);

await beat();
if (pulse) await show();
