/* On every page of a participant: whose phone it is, whether the diary is open, what waits. */

import { drop, forget, hold, instant, isRefused, keep, post, recall, replay, rows } from "./outbox.js";

const root = document.documentElement;
const look = document.cookie.match(/(?:^|; )look=(\w+)\.(\w+)/);
const all = (selector, work) => document.querySelectorAll(selector).forEach(work);
const said = await recall("who");

root.classList.add("js");
if (look) Object.assign(root.dataset, look[1] === "auto" ? {} : { theme: look[1] }, { size: look[2] });

/** The study code of this phone's owner: a page says it, an empty one remembers the last. */
export const mine = root.dataset.enrolment || said;

/** Whether the diary is open. */
export const isAwake = () => (/(^|; )awake=1/).test(document.cookie);
const began = isAwake();

/** What this phone keeps of its owner, or nothing. */
export const profile = () => mine && recall(`profile:${mine}`);

/* Whose phone it is */

// Messages for whoever had this phone come here no more.
const silence = async () => {
  const worker = await navigator.serviceWorker?.getRegistration();
  await (await worker?.pushManager?.getSubscription())?.unsubscribe();
};
const patience = (most) => new Promise((resolve) => setTimeout(resolve, most));
const leave = (owner) =>
  Promise.all([forget(owner), Promise.race([silence().catch(() => {}), patience(2000)])]);

if (root.dataset.enrolment && said !== mine) {
  if (said) await leave(said);
  await hold("who", mine).catch(() => {});
}
if (root.dataset.erase !== undefined && said) {
  await leave(said);
  if (!root.dataset.enrolment) await drop("who");
}

let stirred = 0;
for (const event of ["pointerdown", "keydown"]) addEventListener(event, () => {
  if (!isAwake() || Date.now() - stirred < 60000) return;
  stirred = Date.now();
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `awake=1; Max-Age=1800; Path=/; SameSite=Lax${secure}`;
});

// Left alone for too long, an open page shows nothing more until the diary is opened again.
function lock() {
  if (!document.hidden && began && !isAwake() && root.dataset.enrolment !== undefined) location.reload();
}

/** Ask for the profile; gives it, "locked", or nothing without a network. */
export async function refresh(within = 15000) {
  const asked = Date.now();
  const answer = await fetch("/profile", { redirect: "manual", signal: AbortSignal.timeout(within) }).catch(() => null);
  if (answer?.type === "opaqueredirect" || answer?.status === 401) return "locked";
  const told = answer?.ok && (await answer.json().catch(() => null));
  if (!told) return null;
  const fresh = { ...told, skew: told.now - (asked + Date.now()) / 2 };
  if (told.enrolment === mine) await hold(`profile:${mine}`, fresh).catch(() => {});
  return fresh;
}

/** The evening that lasts now, by the server's clock. */
export const evening = (of, at = Date.now() + of.skew) =>
  of.evenings.findLast(({ opens, until }) => opens <= at && at < until);

/** The diary that this phone saved for an evening, if it did. */
export async function savedOn(of) {
  const saved = await recall(`saved:${mine}`);
  return saved && saved.on === evening(of)?.on ? saved : null;
}

/** Say whom to call, in a page that did not know it. */
export function introduce({ team, hand, limb }) {
  root.dataset.hand = hand;
  all("[data-limb]", (n) => (n.textContent = limb));
  if (!team) return;
  all("[data-team]", (n) => (n.hidden = false));
  all("[data-hours]", (n) => (n.textContent = team.hours));
  all("[data-phone]", (n) => {
    n.textContent = team.phone;
    n.href = `tel:${team.phone.replaceAll(" ", "")}`;
  });
}

/* Saving and sending */

/** A submission made now; `of` gives its kind, payload and whatever else differs. */
export const compose = (of) => ({
  submission_id: crypto.randomUUID(),
  record_id: crypto.randomUUID(),
  op: "create",
  base_version: null,
  observed_at: instant(),
  saved_at: instant(),
  tz: Intl.DateTimeFormat().resolvedOptions().timeZone,
  elapsed_s: performance.now() / 1000,
  assurance: isAwake() ? "pin" : "device",
  texts: {},
  ...of,
});

/** Save durably, then send; `sent` is told what became of it. Rejects when neither could be done. */
export async function save(submission, words, sent = () => {}) {
  try {
    if (!mine) throw new Error("nobody's phone");
    await keep(submission, mine, words);
  } catch {
    const { told } = await post({ submission, enrolment: mine });
    if (!told) throw new Error("neither kept nor sent");
    return sent(told);
  }
  listeners.set(submission.submission_id, sent);
  const worker = navigator.serviceWorker?.controller && (await navigator.serviceWorker.ready);
  worker?.sync?.register("outbox").catch(() => {});
  send();
}

const listeners = new Map();
new BroadcastChannel("sent").onmessage = ({ data }) => {
  listeners.get(data.id)?.(data);
  document.dispatchEvent(new CustomEvent("sent", { detail: data }));
};

const SOON_MS = 2000;
const LATEST_MS = 60000;
let pause = SOON_MS;
let again = 0;

/** Send what waits, and say how much is left; that is tried again, soon, then less often. */
export async function send() {
  if (!mine) return;
  tell(await rows(mine));
  const left = await replay(mine);
  tell(left);
  clearTimeout(again);
  const isStuck = left.some(({ status }) => !isRefused(status) && status !== 401);
  if (isStuck) again = setTimeout(send, pause);
  pause = isStuck ? Math.min(2 * pause, LATEST_MS) : SOON_MS;
}

function tell(left) {
  const found = {
    "signed-out": left.some(({ status }) => status === 401),
    refused: left.some(({ status }) => isRefused(status)),
  };
  all("[data-waiting]", (n) => (n.textContent = left.length));
  all("[data-outbox]", (n) => (n.hidden = !found[n.dataset.outbox]));
  document.dispatchEvent(new CustomEvent("waiting", { detail: left }));
}

send();
for (const event of ["online", "focus", "pageshow"]) addEventListener(event, send);
addEventListener("pageshow", lock);
document.addEventListener("visibilitychange", () => (lock(), send()));
setInterval(send, LATEST_MS);

/* For the time without a network, once the page itself is there */

async function prepare() {
  if (!root.dataset.enrolment) return;
  const worker = navigator.serviceWorker;
  worker?.register(`/sw.js?lang=${root.lang}`, { type: "module", updateViaCache: "none" }).catch(() => {});
  worker?.addEventListener("message", send);
  if (!isAwake()) return;
  await refresh();
  if (!(await navigator.storage?.persisted?.())) navigator.storage?.persist?.();
}
if (document.readyState === "complete") prepare();
else addEventListener("load", prepare);

document.addEventListener("submit", async (event) => {
  const { target } = event;
  // The link that enrols a phone is its first contact: it tells what the phone's clock shows.
  if (target.elements.sent_at) target.elements.sent_at.value = instant();
  if (!target.action.endsWith("/sign-out") || target.dataset.forgotten) return;
  event.preventDefault();
  await leave(mine);
  target.dataset.forgotten = "";
  target.submit();
});
