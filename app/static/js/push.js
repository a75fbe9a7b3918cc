/* Push messages in the worker: shown, touched, and told of to the server by their own token. */

import { enlist, recall, replay, rows } from "./outbox.js";

const DIARY = "/diary?go=1";

// What a message does may not hang on the network: a receipt that gets lost is only a receipt.
const tell = (token, what) =>
  fetch("/receipts", { method: "POST", body: new URLSearchParams({ token, what }) }).catch(() => {});

// Whether the entry that the message asks for is on this phone already, and only waits to be sent.
async function waits(owner, on) {
  const saved = owner && (await recall(`saved:${owner}`));
  return saved?.on === on && (await rows(owner)).some(({ submission }) => submission.record_id === saved.record_id);
}

async function show({ title, body, lang, dir, tag, silent, data }) {
  const owner = await recall("who");
  const isWaiting = await waits(owner, data.on);
  const said = isWaiting ? data.waiting : { title, body };
  await registration.showNotification(said.title, {
    body: said.body, lang, dir, tag, silent, data,
    renotify: Boolean(tag), // the second message of an evening takes the first one's place, aloud
    icon: "/static/icon-192.png",
    actions: isWaiting ? [] : (data.snoozes ?? []).map(([minutes, title]) => ({ action: `snooze_${minutes}`, title })),
  });
  await Promise.allSettled([tell(data.receipt, "delivered"), isWaiting && replay(owner)]);
}

addEventListener("push", (event) => event.waitUntil((async () => {
  const given = event.notification ?? event.data?.json().notification;
  if (given?.data) await show(given);
})()));

async function open(to) {
  const [page] = await clients.matchAll({ type: "window" });
  if (!page) return clients.openWindow(to);
  await page.focus();
  // A diary that is being filled in stays as it is.
  if (new URL(page.url).pathname !== "/diary") await page.navigate(to).catch(() => clients.openWindow(to));
}

addEventListener("notificationclick", (event) => {
  const { notification, action } = event;
  const { receipt, on } = notification.data;
  notification.close();
  event.waitUntil(Promise.all(action ? [tell(receipt, action)] : [open(on ? DIARY : "/"), tell(receipt, "tapped")]));
});

// The link of a message: the kept diary opens at once, the server hears of the touch behind it.
export function follow(event) {
  event.respondWith(Response.redirect(DIARY, 303));
  event.waitUntil(fetch(event.request.url, { redirect: "manual" }).catch(() => {}));
}

// At best: without a signed-in page, the next one repairs it.
addEventListener("pushsubscriptionchange", (event) => event.waitUntil(
  registration.pushManager.subscribe(event.oldSubscription?.options).then(enlist).catch(() => {})));
