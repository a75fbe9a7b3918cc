/* The service worker keeps the empty pages, so that the diary opens without a network, and sends what
   waits. The server writes LANG, VERSION and KEPT, the addresses to keep, above this text. Never kept:
   a redirect, what is no 200, a page about a person. Never touched: writes, the desk, the API. */

import { recall, replay } from "/static/js/outbox.js";
import { follow } from "/static/js/push.js";

const SHELL = `shell-${VERSION}`;
const FIRST = { "/diary": "diary", "/flare": "diary", "/doses/new": "dose" };
const OTHERS = /^\/(desk|api|join|static|shell)(\/|$)/;
const PATIENCE_MS = 6000;
const page = (name) => `/shell/${LANG}/${name}`;

async function put(address) {
  const answer = await fetch(new Request(address, { cache: "reload" }));
  if (answer.status !== 200 || answer.redirected) throw new Error(`${address}: ${answer.status}`);
  await (await caches.open(SHELL)).put(address, answer);
}

// What could not be fetched stays as the worker before this one kept it.
async function inherit() {
  const own = await caches.open(SHELL);
  const others = (await caches.keys()).filter((name) => name !== SHELL);
  for (const address of KEPT) {
    const before = (await own.match(address)) ? null : await caches.match(address);
    if (before) await own.put(address, before);
  }
  await Promise.all(others.map((name) => caches.delete(name)));
  await clients.claim();
}

addEventListener("install", (event) =>
  event.waitUntil(Promise.allSettled(KEPT.map(put)).then(() => skipWaiting())));
addEventListener("activate", (event) => event.waitUntil(inherit()));

async function kept(address) {
  const found = await (await caches.open(SHELL)).match(address);
  return found ?? fetch(address);
}

// A page about a person comes from the server; when that is away, an empty one takes its place.
async function fromServer(request, { pathname }) {
  const instead = () => kept(page(pathname.endsWith("/correction") ? "diary" : "home"));
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS)).then(instead);
  const answer = fetch(request).then((given) => ([502, 503, 504].includes(given.status) ? instead() : given), instead);
  return Promise.race([answer, late]);
}

addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  const named = address.pathname + address.search;
  if (request.method !== "GET" || address.origin !== location.origin) return;
  if (request.mode === "navigate" && address.pathname.startsWith("/r/")) follow(event);
  else if (KEPT.includes(named)) event.respondWith(kept(named));
  else if (request.mode !== "navigate" || OTHERS.test(address.pathname)) return;
  else if (FIRST[address.pathname]) event.respondWith(kept(page(FIRST[address.pathname])));
  else event.respondWith(fromServer(request, address));
});

// A page that is open sends by itself, and says so; without one, the worker does.
addEventListener("sync", (event) => event.waitUntil((async () => {
  const open = await clients.matchAll();
  if (open.length) return open.forEach((one) => one.postMessage("send"));
  const owner = await recall("who");
  if (owner && (await replay(owner)).length) throw new Error("not everything was sent");
})()));
