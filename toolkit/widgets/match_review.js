// The browser's half of the match review: draws the pair the kernel gives, and sends back which key or button was pressed.
// Text is only ever set as textContent, so nothing in a record can become markup.

const DEEDS = [
  { kind: "accept", label: "Same", key: "a", first: true, title: "Accept: link the two" },
  { kind: "reject", label: "Different", key: "r", title: "Reject: never suggest the two again" },
  { kind: "skip", label: "Skip", key: "s", title: "Leave it for another time" },
  { kind: "previous", label: "‹ Previous", key: "p", title: "Look at the pair before" },
  { kind: "next", label: "Next ›", key: "n", title: "Look at the next pair" },
];
const ALONE = "The kernel was restarted or stopped: run this cell again.";
const KEYS = { ...Object.fromEntries(DEEDS.map(({ kind, key }) => [key, kind])), ArrowLeft: "previous", ArrowRight: "next" };

function element(tag, properties = {}, children = []) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

// As in grid.js: JupyterLab would take a key that is pressed here for a command of its own.
function keepKeys(event) {
  event.target.toggleAttribute("data-lm-suppress-shortcuts", !(event.ctrlKey || event.metaKey));
}

function render({ model, el }) {
  el.classList.add("cs-review");
  el.addEventListener("keydown", keepKeys, true);
  const card = element("section", { className: "cs-card", tabIndex: 0 });
  card.setAttribute("aria-label", `${model.get("label")}: a accepts, r rejects, s skips, n and p turn`);
  card.setAttribute("aria-keyshortcuts", DEEDS.map(({ key }) => key).join(" "));
  const pair = element("div");
  const buttons = DEEDS.map((deed) => {
    const button = element("button", { type: "button", title: deed.title, className: deed.first ? "cs-first" : "" }, [
      deed.label, element("kbd", { textContent: deed.key.toUpperCase() }),
    ]);
    button.setAttribute("aria-label", deed.title);
    button.addEventListener("click", () => send(deed.kind));
    return button;
  });
  const said = element("span", { className: "cs-muted" });
  said.setAttribute("role", "status");
  const message = element("div", { className: "cs-message" });
  message.setAttribute("role", "alert");
  const bar = element("div", { className: "cs-bar" }, [...buttons.slice(0, 3), element("span", { className: "cs-gap" }), ...buttons.slice(3)]);
  card.append(pair, bar, element("div", { className: "cs-said" }, [said]), message);
  el.append(card);

  let waiting = false; // one decision at a time: a key held down decides nothing about a pair that was not seen
  function send(kind) {
    if (waiting || !model.get("pair").lines) return;
    waiting = true;
    try {
      model.send({ kind });
    } catch {
      message.textContent = ALONE;
    }
    card.focus({ preventScroll: true });
  }

  card.addEventListener("keydown", (event) => {
    const kind = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!kind || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    send(kind);
  });

  function value(spans) {
    if (!spans.length) return element("td", { className: "cs-null" });
    return element("td", {}, spans.map(([text, differs]) => (differs ? element("mark", { textContent: text }) : text)));
  }

  function line({ field, here, there, agrees, sign, words }) {
    const mark = element("span", { className: "cs-sign", textContent: sign });
    mark.setAttribute("aria-hidden", "true"); // the words beside it say the same
    return element("tr", { className: `cs-${agrees.replace(" ", "-")}` }, [
      element("th", { scope: "row", textContent: field }), value(here), value(there),
      element("td", {}, [mark, words]),
    ]);
  }

  function heading(text, below) {
    return element("th", { scope: "col" }, [text, ...(below ? [element("small", { textContent: below })] : [])]);
  }

  function draw() {
    waiting = false;
    const now = model.get("pair");
    buttons.forEach((button) => { button.disabled = !now.lines; });
    if (!now.lines) {
      pair.replaceChildren(element("div", { className: "cs-done", textContent: "Nothing is left to review." }),
        element("div", { className: "cs-muted", textContent: now.summary }));
      return;
    }
    const bar = element("i");
    bar.style.width = `${now.score * 100}%`;
    const columns = ["cs-field", "", "", "cs-agree"].map((className) => element("col", { className }));
    pair.replaceChildren(
      element("div", { className: "cs-top" }, [
        element("span", { className: "cs-title", textContent: now.heading }),
        element("span", { className: "cs-muted", textContent: `Pair ${now.position} of ${now.total}` }),
      ]),
      element("div", { className: "cs-score" }, [bar]),
      element("div", { className: "cs-scroll" }, [
        element("table", {}, [
          element("colgroup", {}, columns),
          element("thead", {}, [element("tr", {}, [heading("Field"), heading("Here", now.here), heading("Salesforce", now.there), heading("Agree")])]),
          element("tbody", {}, now.lines.map(line)),
        ]),
      ]),
      element("ul", {}, now.evidence.map((textContent) => element("li", { textContent }))),
    );
  }

  function say() {
    waiting = false;
    said.textContent = model.get("said");
    message.textContent = el.closest(".jupyter-widgets-disconnected") ? ALONE : model.get("message");
  }

  const reactions = { "change:pair": draw, "change:said": say, "change:message": say, comm_live_update: say };
  Object.entries(reactions).forEach(([event, react]) => model.on(event, react));
  draw();
  say();
  if (model.get("eager")) {
    model.set("eager", false); // once: not again when the notebook is opened anew
    model.save_changes();
    requestAnimationFrame(() => card.focus());
  }
  return () => Object.entries(reactions).forEach(([event, react]) => model.off(event, react));
}

export default { render };
