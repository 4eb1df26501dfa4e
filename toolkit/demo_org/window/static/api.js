// Asks the org's window for data. The token in the page proves that it is this page that asks.

const token = document.querySelector('meta[name="window-token"]').content;

export function get(call, given = {}) {
  const wanted = Object.entries(given).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  return ask(`/__window__/${call}?${new URLSearchParams(wanted)}`, {});
}

export function post(call, given) {
  return ask(`/__window__/${call}`, { method: "POST", body: JSON.stringify(given) });
}

// Gives a `get` whose answer is null when something newer was asked of it meanwhile: a late answer is an old one.
export function newest() {
  let latest = 0;
  return async (call, given) => {
    const number = ++latest;
    const answer = await get(call, given);
    return number === latest ? answer : null;
  };
}

async function ask(url, how) {
  const answer = await fetch(url, { ...how, headers: { "X-Demo-Window": token }, cache: "no-store" });
  const body = await answer.json();
  if (!answer.ok || body.refused) throw new Error(body.refused ?? body.error);
  return body;
}
