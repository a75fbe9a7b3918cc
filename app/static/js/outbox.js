/* What this phone keeps; the service worker loads it too. A submission is stored durably before any
   network is tried, and leaves only on X-Record-Ack. Another enrolment's are neither given nor sent. */

const RESERVE = "outbox:";
const reserve = globalThis.localStorage;

const settled = (request, done) => new Promise((resolve, reject) => {
  request[done] = () => resolve(request.result);
  request.onerror = request.onabort = () => reject(request.error);
});

// Opened for each transaction and closed after it: iOS kills a database left open in the background.
async function once(name, mode, work) {
  const opening = indexedDB.open("carnet", 2);
  opening.onupgradeneeded = ({ oldVersion }) => {
    if (oldVersion < 1) opening.result.createObjectStore("outbox", { keyPath: "id" });
    opening.result.createObjectStore("kept");
  };
  const database = await settled(opening, "onsuccess");
  try {
    const transaction = database.transaction(name, mode, { durability: "strict" });
    const request = work(transaction.objectStore(name));
    await settled(transaction, "oncomplete");
    return request.result;
  } finally {
    database.close();
  }
}
const inStore = (...asked) => once(...asked).catch(() => once(...asked));

/* Beside the submissions: one value a name */

export const recall = (name) => inStore("kept", "readonly", (store) => store.get(name)).catch(() => {});
export const hold = (name, value) => inStore("kept", "readwrite", (store) => store.put(value, name));
export const drop = (name) => inStore("kept", "readwrite", (store) => store.delete(name)).catch(() => {});

/** Erase what was kept of an enrolment, but for its submissions. */
export const forget = (enrolment) =>
  Promise.all(["profile", "saved", "draft", "tonight", "key"].map((name) => drop(`${name}:${enrolment}`)));

async function keyOf(enrolment) {
  const name = `key:${enrolment}`;
  const made = await recall(name);
  if (made) return made;
  const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  await hold(name, key);
  return key;
}

let sealing = Promise.resolve();

/** Keep answers sealed, under a key that cannot leave this phone. */
export function seal(...told) {
  sealing = sealing.catch(() => {}).then(() => sealed(...told)); // one at a time, the latest last
  return sealing;
}

async function sealed(name, enrolment, value) {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const told = new TextEncoder().encode(JSON.stringify(value));
  const text = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, await keyOf(enrolment), told);
  await hold(`${name}:${enrolment}`, { iv, text });
}

/** Give sealed answers back, or nothing. */
export async function unseal(name, enrolment) {
  try {
    const { iv, text } = await recall(`${name}:${enrolment}`);
    const told = await crypto.subtle.decrypt({ name: "AES-GCM", iv }, await keyOf(enrolment), text);
    return JSON.parse(new TextDecoder().decode(told));
  } catch {
    return null;
  }
}

/* The submissions */

const put = (row) => inStore("outbox", "readwrite", (store) => store.put(row))
  .catch(() => reserve.setItem(RESERVE + row.id, JSON.stringify(row)));

async function remove(id) {
  await inStore("outbox", "readwrite", (store) => store.delete(id)).catch(() => {});
  reserve?.removeItem(RESERVE + id);
}

/** What waits of an enrolment, in the order of saving. */
export async function rows(enrolment) {
  const stored = await inStore("outbox", "readonly", (store) => store.getAll()).catch(() => []);
  const beside = Object.keys(reserve ?? {}).filter((key) => key.startsWith(RESERVE));
  return [...stored, ...beside.map((key) => JSON.parse(reserve[key]))]
    .filter((row) => row.enrolment === enrolment)
    .sort((a, b) => a.order - b.order);
}

/** The present by the phone's own clock. */
export const instant = () => new Date().toISOString();

/** Keep a submission, with words for it; rejects when nothing can store. */
export async function keep(submission, enrolment, words) {
  // The clock may be set backwards between two saves; their order may not change by it.
  const order = Math.max(Date.now(), ...(await rows(enrolment)).map((row) => row.order + 1));
  await put({ id: submission.submission_id, enrolment, order, attempt: 0, submission, words });
}

/** Whether the server will never take it as it is: the study team must help. */
export const isRefused = (status) =>
  status >= 400 && status < 500 && ![401, 408, 425, 429].includes(status);

/** Send one submission; gives the status and, once acknowledged, what became of it. */
export async function post({ submission, enrolment, attempt = 1 }, waiting = 1) {
  const answer = await fetch("/submissions", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ...submission, enrolment, attempt, waiting, sent_at: instant() }),
    redirect: "error",
    signal: AbortSignal.timeout(30000),
  });
  const isTaken = answer.headers.get("X-Record-Ack") === submission.record_id;
  return { status: answer.status, told: isTaken && (await answer.json().catch(() => ({}))) };
}

async function send(row, waiting) {
  row.attempt += 1;
  const { submission } = row;
  const { status, told } = await post(row, waiting);
  if (!told) {
    await put({ ...row, status });
    return isRefused(status);
  }
  await remove(row.id);
  const channel = new BroadcastChannel("sent");
  channel.postMessage({ ...told, id: row.id, record_id: submission.record_id });
  channel.close();
  return true;
}

async function round(enrolment) {
  let left = await rows(enrolment);
  for (const row of left) {
    // A closed diary or a server in trouble ends the round; a refused row does not hold the rest.
    if (!(await send(row, left.length).catch(() => put(row)))) break;
    left = await rows(enrolment);
  }
  return rows(enrolment);
}

/** Send what waits, one round at a time over all pages; gives what is left. */
export const replay = (enrolment) =>
  navigator.locks ? navigator.locks.request("outbox", () => round(enrolment)) : round(enrolment);

/** Tell the server where this browser takes messages; rejects when it does not take that down. */
export async function enlist(subscription) {
  const { endpoint, keys } = subscription.toJSON();
  const body = new URLSearchParams({ endpoint, ...keys });
  const { status } = await fetch("/push/subscription", { method: "POST", body, redirect: "error" });
  if (status !== 204) throw new Error(`not taken down: ${status}`);
}
