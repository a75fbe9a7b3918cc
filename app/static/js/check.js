/* The self-check: of each thing, the words that are true of this phone. */

import { drop, hold, recall } from "./outbox.js";

const list = document.querySelector("[data-now]");
const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
const ahead = Math.round((Date.now() - Date.parse(list.dataset.now)) / 60000);

const CHECKS = {
  async store() {
    await hold("check", ahead);
    const found = await recall("check");
    await drop("check");
    return found === ahead;
  },
  kept: () => navigator.storage.persisted(),
  copy: async () => navigator.serviceWorker.controller && caches.match(`/shell/${document.documentElement.lang}/diary`),
  async notices() {
    const worker = await navigator.serviceWorker.getRegistration();
    const isTaken = document.querySelector("[data-push=here]") && (await worker.pushManager.getSubscription());
    return isTaken && Notification.permission === "granted";
  },
  clock: () => (Math.abs(ahead) < 2 ? true : ahead < 0 && "worse"),
  zone: () => timeZone === list.dataset.tz,
};

const fill = (name, words) =>
  list.querySelectorAll(`[data-${name}]`).forEach((place) => (place.textContent = words));
fill("number", Math.abs(ahead));
fill("phone-zone", timeZone.split("/").pop().replaceAll("_", " "));

for (const row of list.querySelectorAll("[data-check]")) {
  // What a browser does not have throws: it cannot do it.
  const found = await Promise.resolve().then(CHECKS[row.dataset.check]).catch(() => false);
  const told = found === "worse" ? found : found ? "good" : "bad";
  for (const words of row.querySelectorAll("[data-is]")) words.hidden = words.dataset.is !== told;
}
