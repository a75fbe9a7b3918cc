/* The outbox: what this phone has saved and the server has not acknowledged, and its sending.

   A row is stored durably before any network is tried, and leaves only on X-Record-Ack. Rows carry
   their enrolment: another participant's are neither shown nor sent. Every page loads this. */

const root = document.documentElement;
const mine = root.dataset.enrolment;
const RESERVE = "outbox:";

root.classList.add("js");

const settled = (request, done) => new Promise((resolve, reject) => {
  request[done] = () => resolve(request.result);
  request.onerror = request.onabort = () => reject(request.error);
});

// Opened for each transaction and closed after it: iOS kills a database left open in the background.
async function once(mode, work) {
  const opening = indexedDB.open("carnet", 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore("outbox", { keyPath: "id" });
  const database = await settled(opening, "onsuccess");
  try {
    const transaction = database.transaction("outbox", mode, { durability: "strict" });
    const request = work(transaction.objectStore("outbox"));
    await settled(transaction, "oncomplete");
    return request.result;
  } finally {
    database.close();
  }
}
const inStore = (mode, work) => once(mode, work).catch(() => once(mode, work));

const put = (row) => inStore("readwrite", (store) => store.put(row))
  .catch(() => localStorage.setItem(RESERVE + row.id, JSON.stringify(row)));

async function remove(id) {
  await inStore("readwrite", (store) => store.delete(id)).catch(() => {});
  localStorage.removeItem(RESERVE + id);
}

async function rows() {
  const stored = await inStore("readonly", (store) => store.getAll()).catch(() => []);
  const reserve = Object.keys(localStorage).filter((key) => key.startsWith(RESERVE));
  return [...stored, ...reserve.map((key) => JSON.parse(localStorage[key]))]
    .filter((row) => row.enrolment === mine)
    .sort((a, b) => a.kept - b.kept);
}

/** Keep a submission on this phone; rejects when nothing on it can store. */
export const keep = (submission) => put({
  id: submission.submission_id, enrolment: mine, kept: Date.now(), attempt: 0, submission,
});

/** The present by the phone's own clock. */
export const instant = () => new Date().toISOString();

const isRefused = (status) => status >= 400 && status < 500 && status !== 401;

async function send(row, waiting) {
  row.attempt += 1;
  const body = { ...row.submission, attempt: row.attempt, waiting, sent_at: instant() };
  const answer = await fetch("/submissions", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    redirect: "error",
    signal: AbortSignal.timeout(30000),
  });
  const { status } = answer;
  if (answer.headers.get("X-Record-Ack") !== row.submission.record_id) {
    await put({ ...row, status });
    return isRefused(status);
  }
  await remove(row.id);
  const told = await answer.json().catch(() => ({}));
  document.dispatchEvent(new CustomEvent("sent", { detail: { ...told, id: row.id } }));
  return true;
}

async function round() {
  let left = await rows();
  for (const row of left) {
    // A closed diary or a server in trouble ends the round; a refused row does not hold the rest.
    if (!(await send(row, left.length).catch(() => put(row)))) break;
    left = await rows();
  }
  left = await rows();
  const told = {
    "signed-out": left.some(({ status }) => status === 401),
    refused: left.some(({ status }) => isRefused(status)),
  };
  document.querySelectorAll("[data-waiting]").forEach((n) => (n.textContent = left.length));
  document.querySelectorAll("[data-outbox]").forEach((n) => (n.hidden = !told[n.dataset.outbox]));
}

/** Send what waits, one round at a time over all open pages. */
export const replay = () => (navigator.locks ? navigator.locks.request("outbox", round) : round());

if (mine) {
  replay();
  for (const event of ["online", "focus", "pageshow"]) addEventListener(event, replay);
  document.addEventListener("visibilitychange", replay);
  setInterval(replay, 60000);
}

// The link that enrols a phone is its first contact: it tells what the phone's clock shows.
document.addEventListener("submit", ({ target }) => {
  if (target.elements.sent_at) target.elements.sent_at.value = instant();
});
