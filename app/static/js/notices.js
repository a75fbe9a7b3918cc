/* Notifications on this phone: whether they come, and the ways on and off. The first page offers
   them once. What was chosen stays with the enrolment: an address once they are on, "" once not. */

import { enlist, hold, recall } from "./outbox.js";
import { mine } from "./phone.js";

const place = document.querySelector("[data-push]");
const find = (selector) => place.querySelector(selector);
const chosen = `push:${mine}`;
const isApple = /iP(hone|ad|od)/.test(navigator.userAgent);
const isAble = "PushManager" in globalThis && "Notification" in globalThis && navigator.serviceWorker;
const worker = () => navigator.serviceWorker.getRegistration();
const subscription = async () => (await worker())?.pushManager.getSubscription();

/** One of: on, off, blocked, home (an iPhone wants the home screen first), none. */
async function state() {
  if (!isAble) return isApple ? "home" : "none";
  if (Notification.permission === "denied") return "blocked";
  return Notification.permission === "granted" && (await subscription()) ? "on" : "off";
}

async function turnOn() {
  if ((await Notification.requestPermission()) !== "granted") return;
  const { pushManager } = await navigator.serviceWorker.ready;
  const options = { userVisibleOnly: true, applicationServerKey: place.dataset.key };
  // A subscription under another key of ours cannot be renewed, only replaced.
  const own = await pushManager.subscribe(options)
    .catch(async () => (await pushManager.getSubscription()).unsubscribe().then(() => pushManager.subscribe(options)));
  try {
    await enlist(own);
  } catch (failure) {
    await own.unsubscribe();
    throw failure;
  }
  await hold(chosen, own.endpoint);
  place.dataset.push = "here";
}

async function turnOff() {
  await hold(chosen, "");
  await fetch("/push/subscription/end", { method: "POST", redirect: "manual" });
  await (await subscription())?.unsubscribe();
}

// A browser may drop or renew its subscription, and the server forget one that was refused.
async function mend() {
  const before = await recall(chosen);
  if (!before || Notification.permission !== "granted") return;
  const own = await subscription();
  if (own?.endpoint !== before || place.dataset.push !== "here") await turnOn();
}

async function tell(isFailed = false) {
  const now = await state();
  const isOffered = now === "off" && (isFailed || (await recall(chosen)) === undefined);
  place.hidden = place.dataset.offer !== undefined && !isOffered;
  for (const words of place.querySelectorAll("[data-is]"))
    words.hidden = words.dataset.is !== now && !(isFailed && words.dataset.is === "failed");
}

function on(selector, work) {
  const button = find(selector);
  if (button) button.onclick = async (event) => {
    event.preventDefault();
    button.disabled = true;
    const isFailed = await work().then(() => false, () => true);
    button.disabled = false;
    await tell(isFailed);
  };
}

if (place) {
  if (isAble) await mend().catch(() => {});
  on("[data-on]", turnOn);
  on("[data-off]", turnOff);
  on("[data-later]", () => hold(chosen, ""));
  await tell();
}
