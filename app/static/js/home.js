/* The first page: what waits and, without a network, where the day stands. */

import { recall, rows } from "./outbox.js";
import { evening, introduce, isAwake, mine, profile, savedOn } from "./phone.js";

const { lang } = document.documentElement;
const all = (selector, work) => document.querySelectorAll(selector).forEach(work);
const clock = (at) => new Date(at).toLocaleTimeString(lang, { hour: "2-digit", minute: "2-digit" });
const own = await profile();
const saved = own && (await savedOn(own));

/* What waits */

function waiting(left) {
  all("[data-kept]", (n) => (n.hidden = !left.length));
  all("[data-rows]", (n) => n.replaceChildren(...left.map(({ words, submission }) => {
    const line = document.createElement("li");
    // Locked, how much waits is said, and not what.
    line.textContent = isAwake() ? `${words} · ${clock(submission.saved_at)}` : clock(submission.saved_at);
    return line;
  })));
  const isIn = left.some(({ submission: { record_id } }) => record_id === saved?.record_id);
  if (isIn) all("[data-fill]", (n) => (n.hidden = true));
}
document.addEventListener("waiting", ({ detail }) => waiting(detail));
if (mine) waiting(await rows(mine));

/* Without a network */

function stage(at) {
  if (!own) return "unknown";
  const now = evening(own, at);
  if (now) return saved || (own.is_saved && own.on === now.on) ? "saved" : at < now.closes ? "open" : "late";
  if (own.practice) return "before";
  return own.evenings.some(({ opens }) => opens > at) ? "closed" : own.is_over ? "ended" : "unknown";
}

async function furnish() {
  const at = Date.now() + (own?.skew ?? 0);
  const found = stage(at);
  const opens = own?.evenings.find((one) => one.opens > at)?.opens;
  const until = own && evening(own, at)?.until;
  if (own) introduce(own);
  all("[data-when]", (n) => (n.hidden = !n.dataset.when.split(" ").includes(found)));
  all("[data-clock]", (n) => (n.textContent = clock({ opens, until, saved: saved?.saved_at }[n.dataset.clock] ?? at)));
  all("[data-receipt]", (n) => (n.textContent = saved?.receipt ?? ""));
  if (!isAwake() || !own) return;
  const tonight = saved && (await recall(`tonight:${mine}`));
  all("[data-correct]", (n) => {
    n.hidden = !tonight;
    n.href = `/diary/${saved?.record_id}/correction`;
  });
  all("[data-doses]", (n) => (n.hidden = !own.shelf.length));
  all("[data-shelf]", (list) => list.replaceChildren(...own.shelf.map(({ id, name, strength }) => {
    const line = document.getElementById("one-medicine").content.cloneNode(true);
    line.querySelector("a").href = `/doses/new?medicine=${id}`;
    line.querySelector("strong").textContent = name;
    line.querySelector(".soft").textContent = strength;
    return line;
  })));
}
if (document.querySelector("[data-when]")) await furnish();
