/* The diary with script: one question a screen, a last look, and saving by way of the outbox.

   The form's own controls hold the answers; a step is a fieldset. What is saved is a Submission, as in
   app/domain/records.py. The empty page is filled from the phone's profile; locked, it only asks. */

import "./controls.js";
import { drop, hold, instant, rows, seal, unseal } from "./outbox.js";
import { compose, evening, introduce, isAwake, mine, profile, refresh, save as keep, savedOn } from "./phone.js";

const form = document.getElementById("diary");
const told = JSON.parse(form.dataset.document);
const find = (selector, root = form) => root.querySelector(selector);
const all = (selector, root = form) => [...root.querySelectorAll(selector)];
const named = (name) => all(`[name="${CSS.escape(name)}"]`);
const steps = all("[data-step]");
const back = find("[data-back]");
const next = find("[data-next]");
const save = find("[data-save]");
const say = find(".say");
const offer = find("[data-flare]");
const begun = performance.now();
const isShell = !told.scale;
const changing = location.pathname.match(/^\/diary\/(.+)\/correction$/)?.[1];
const seen = new Set();
let answeredAt = instant();
let flare = told.mode === "flare" || location.pathname === "/flare";
let current = steps[0];
let isTouched = false;
let isReviewed = false;
let isSaved = false;

const data = () => new FormData(form);
const gate = () => data().get("allodynia");
const asked = () => steps.filter((step) =>
  flare ? step === steps[0] : step.dataset.ifYes === undefined || gate() === "yes");
const unsettled = () => all("[data-contradiction]:not([hidden]) input");
const isAnswered = (step) => step.id === "review" ? unsettled().every((box) => box.checked)
  : step.dataset.noted !== undefined || all("input", step).some((n) =>
    (/radio|checkbox/).test(n.type) ? n.checked : n.type !== "range" && n.value);

/* Moving between the steps */

function show(step) {
  const list = asked();
  const isLast = step === list.at(-1);
  const counted = (gate() || flare ? list : steps).filter((one) => one.id !== "review");
  const { dataset } = find("[data-progress]");
  current = step;
  for (const one of steps) one.hidden = one !== step;
  find("[data-progress]").textContent = step.id === "review" ? dataset.review
    : dataset.progress.replace("{n}", counted.indexOf(step) + 1).replace("{total}", counted.length);
  if (offer) offer.hidden = flare || changing || step !== steps[0];
  next.hidden = isLast;
  save.hidden = !isLast;
  say.textContent = "";
  if (step.id === "review") review();
  scrollTo(0, 0);
}

const go = (step) => (location.hash = step.id);

addEventListener("hashchange", () => {
  if (isSaved) return location.replace("/");
  show(asked().find((step) => `#${step.id}` === location.hash) ?? steps[0]);
  find("h2", current).focus({ preventScroll: true });
});

// A question without an answer is pointed out once; leaving it so is then a choice.
function isLeft(step) {
  if (isAnswered(step) || seen.has(step)) return false;
  seen.add(step);
  const note = find("[data-contradiction]:not([hidden]) p", step);
  say.textContent = note ? note.textContent : say.dataset.unanswered;
  return true;
}

next.onclick = () => {
  if (isLeft(current)) return;
  const after = asked().slice(asked().indexOf(current) + 1);
  // Coming back from the last look, only what was not asked yet stands in between.
  const fresh = isReviewed && after.find((step) => !isAnswered(step) && !seen.has(step));
  go(fresh || (isReviewed ? after.at(-1) : after[0]));
};
back.onclick = () => {
  if (flare && offer) setFlare(false);
  else if (current === steps[0]) location.assign("/");
  else go(asked()[asked().indexOf(current) - 1]);
};
form.addEventListener("change", () => {
  answeredAt = instant();
  isTouched = true;
  keepDraft();
});

function setFlare(value) {
  flare = value;
  show(steps[0]);
}
if (offer) offer.onclick = (event) => {
  event.preventDefault();
  setFlare(true);
};

/* What was answered */

const statusOf = (step, given) => asked().includes(step) ? (given ? "answered" : "unanswered")
  : flare ? "skipped_flare" : "not_asked";

function score(code) {
  const step = find(`#${code}`);
  const track = step && find(".track", step);
  const chosen = (step && find("input[type=radio]:checked", step)?.value) ?? "unanswered";
  const status = statusOf(step, track ? chosen === "answered" : chosen >= 0);
  return {
    status: status === "unanswered" ? chosen : status,
    value: status === "answered" ? +(track ? find("input", track).value : chosen) : null,
    scale: told.scale,
    line_px: +track?.dataset.px || null,
    viewport: [innerWidth, innerHeight],
  };
}

const scores = (codes) => Object.fromEntries(codes.map((code) => [code, score(code)]));

function medicines() {
  const scheduled = [];
  const rescue = [];
  for (const medicine of told.medicines) {
    const field = `m.${medicine.medicine_id}.`;
    const taking = data().get(`${field}taking`);
    const units = Object.fromEntries([...data()]
      .filter(([name, value]) => name.startsWith(field) && value > 0)
      .map(([name, value]) => [name.slice(field.length), +value]));
    if (medicine.role === "scheduled")
      scheduled.push({ medicine, taking, units: taking === "differently" ? units : {} });
    else if (Object.keys(units).length)
      rescue.push({ medicine, units, reason: data().get(`${field}reason`) || null });
  }
  return { none: data().has("none"), scheduled, rescue };
}

function payload() {
  const [zones, shelf] = [find("#zones"), find("#medicines")];
  const value = !flare && /yes|no$|avoided/.test(gate()) ? gate() : null;
  const codes = asked().includes(zones) ? data().getAll("zones") : [];
  return {
    flare,
    scores: scores(told.items),
    allodynia: { status: !flare && gate() === "declined" ? gate() : statusOf(find("#allodynia"), value), value },
    triggers: scores(told.triggers),
    zones: { status: statusOf(zones, codes.length), set: told.zone_set, codes },
    medicines: { status: statusOf(shelf, shelf && isAnswered(shelf)), ...(flare ? {} : medicines()) },
    kept: unsettled().map((box) => box.value),
    hospital: data().has("hospital"),
  };
}

function contradictions() {
  const { scores: { pain_average: average, pain_worst: worst }, medicines: taken } = payload();
  return {
    worst_below_average: average.value !== null && worst?.value < average.value && worst.value !== null,
    none_beside_dose: taken.none && (told.logged || taken.rescue.length > 0 ||
      taken.scheduled.some(({ taking }) => (/as_prescribed|differently/).test(taking))),
  };
}

/* The last look */

function answer(step) {
  const track = find(".track.set", step)?.cloneNode(true);
  if (track) {
    track.className = "track set small";
    find("input", track).remove();
    return track;
  }
  const chosen = all("input:checked", step).map((n) => n.parentNode.textContent.trim());
  return chosen.join(", ") || told.words[isAnswered(step) ? "answered" : "unanswered"];
}

function review() {
  isReviewed = true;
  find("[data-answers]").replaceChildren(...asked().slice(0, -1).map((step) => {
    const [line, button, words] = ["li", "button", "b"].map((tag) => document.createElement(tag));
    words.append(answer(step));
    button.append(step.dataset.step, words);
    button.type = "button";
    button.onclick = () => go(step);
    line.append(button);
    return line;
  }));
  for (const [code, isFound] of Object.entries(contradictions())) {
    const note = find(`[data-contradiction=${code}]`);
    note.hidden = !isFound;
    find("input", note).checked &&= isFound;
  }
}

/* Saving */

const text = (name) => data().get(name)?.trim();

const submission = () => compose({
  kind: "diary",
  ...(told.base_version
    ? { op: "correct", record_id: told.record_id, base_version: told.base_version } : {}),
  form_version: told.form_version,
  observed_at: answeredAt,
  elapsed_s: (performance.now() - begun) / 1000,
  helper: data().has("helper"),
  payload: payload(),
  texts: Object.fromEntries([["other_medicine", text("other_medicine")], ["reason", told.base_version && text("reason")]]
    .filter(([, words]) => words)),
});

function done(entry) {
  const part = (name, isShown) => (find(`[data-done=${name}]`).hidden = !isShown);
  isSaved = true;
  for (const n of all("fieldset, .bar, .progress, .say, [data-flare]")) n.hidden = true;
  part("practice", told.practice);
  part("phone", !told.practice);
  part("flare", entry.payload.flare);
  part("hospital", entry.payload.hospital);
  part("calls", entry.payload.flare || entry.payload.hospital);
  find("#done").hidden = false;
  scrollTo(0, 0);
  find("#done").focus();
  return ({ outcome, receipt }) => {
    part("phone", false);
    part(/saved|known/.test(outcome) ? "sent" : "aside", true);
    find("[data-receipt]").textContent = receipt;
    remember(entry, receipt);
  };
}

form.onsubmit = async (event) => {
  event.preventDefault();
  if (save.disabled || isLeft(current) || (told.base_version && !form.elements.reason.reportValidity())) return;
  save.disabled = true;
  const entry = submission();
  let [sent, early] = [null, null];
  try {
    if (!told.practice) await keep(entry, told.words.diary, (answer) => (sent ? sent(answer) : (early = answer)));
  } catch {
    say.textContent = say.dataset.unsaved;
    save.disabled = false;
    return;
  }
  if (!told.practice) await remember(entry);
  sent = done(entry);
  if (early) sent(early);
};

/* What the phone holds of tonight: a draft, then what was saved, so that it can be corrected */

const entries = () => [...data()]
  .filter(([name]) => name !== "reason" && named(name)[0].type !== "hidden");

function keepDraft() {
  if (!mine || !isAwake() || told.practice || told.base_version) return;
  seal("draft", mine, { on: told.on, step: current.id, flare, entries: entries() }).catch(() => {});
}

async function remember(entry, receipt) {
  const { record_id, saved_at, base_version } = entry;
  try {
    await hold(`saved:${mine}`, { on: told.on, record_id, saved_at, receipt });
    await drop(`draft:${mine}`);
    await seal("tonight", mine, { on: told.on, record_id, version: (base_version ?? 0) + 1, entries: entries() });
  } catch { /* It can still be corrected where there is a network. */ }
}

function restore(answers) {
  for (const [name, value] of answers)
    for (const n of named(name))
      if (/radio|checkbox/.test(n.type)) n.checked ||= n.value === value;
      else n.value = value;
  for (const step of steps) step.dispatchEvent(new Event("change"));
}

/* From the page that is the same for everybody to this person's */

function dress(own) {
  introduce(own);
  for (const n of all("[data-scale]")) if (n.dataset.scale !== own.scale) n.remove();
  for (const n of all("[data-limb-kind]")) if (n.dataset.limbKind !== own.limb_kind) n.remove();
  for (const n of all("[data-map] > g")) n.classList.toggle("flip", (n.parentNode.dataset.map === "back") !== (own.side === "left"));
  Object.assign(told, { scale: own.scale, practice: own.practice && !evening(own), on: evening(own)?.on ?? own.on, medicines: [] });
  find("[data-practice]").hidden = !told.practice;
}

const escaped = (words) => new Option(words).innerHTML;

function furnish(own) {
  told.medicines = own.medicines;
  find("[data-cards]").replaceChildren(...own.shelf.map((medicine) => {
    const room = document.createElement("div");
    room.innerHTML = find(`[data-card=${medicine.role}]`).innerHTML
      .replace(/\{(\w+)\}/g, (_, name) => escaped(medicine[name]));
    if (!medicine.prescribed) find("[data-prescribed]", room)?.remove();
    return room.firstElementChild;
  }));
  if (own.on === told.on) note(own.logged);
}

// Doses of today: those the server knew of, then those that wait on this phone.
function note(words) {
  if (!words.length) return;
  const step = find("#medicines");
  find("[data-logged]", step).hidden = false;
  find("[data-logged] ul", step).append(...words.map((line) => Object.assign(document.createElement("li"), { textContent: line })));
  step.dataset.noted = "";
  told.logged = true;
}

async function noteWaiting() {
  const left = (await rows(mine)).map(({ submission, words }) => ({ ...submission, words }));
  const voided = left.filter(({ op }) => op === "void").map(({ record_id }) => record_id);
  note(left.filter((one) => one.kind === "dose" && one.op === "create" && one.payload.taken_on === told.on
    && !voided.includes(one.record_id)).map(({ words }) => words));
}

async function resume() {
  const kept = await unseal(changing ? "tonight" : "draft", mine);
  if (kept?.on !== told.on || isTouched || (changing && kept.record_id !== changing)) return Boolean(changing);
  restore(kept.entries);
  if (changing) Object.assign(told, { record_id: changing, base_version: kept.version });
  else {
    flare ||= kept.flare;
    current = asked().find((step) => step.id === kept.step) ?? steps[0];
  }
  return false;
}

const leave = (to) => (location.replace(to), new Promise(() => {}));

// Locked: the server says whether it is open after all; without a network an empty diary is asked.
async function knock() {
  const fresh = await refresh(4000);
  if (fresh === "locked") return leave(`/unlock?next=${location.pathname}`);
  if (!fresh) return (find("[data-locked]").hidden = false);
  furnish(fresh);
  await noteWaiting();
  if (!isTouched && !(await resume())) show(current);
}

async function furnished() {
  const own = (await profile()) ?? (await refresh());
  if (!own?.scale) return leave(own ? `/unlock?next=${location.pathname}` : "/");
  dress(own);
  const isSent = new URLSearchParams(location.search).has("go");
  const isDue = told.practice || (evening(own) && !(own.is_saved && own.on === told.on) && !(await savedOn(own)));
  if (!changing && !isSent && !isDue) return leave("/");
  if (changing && !isAwake()) return leave("/");
  // Where there is a network the door comes first; a slow one does not hold up the questions.
  if (!isAwake()) return Promise.race([knock(), new Promise((late) => setTimeout(late, navigator.onLine ? 1500 : 0))]);
  furnish(own);
  refresh().then((fresh) => {
    const isSame = ["scale", "limb", "medicines", "logged", "is_saved"].every((name) => JSON.stringify(fresh?.[name]) === JSON.stringify(own[name]));
    if (fresh === "locked") leave(`/unlock?next=${location.pathname}`);
    else if (fresh && !isSame && !isTouched) location.reload();
  });
}

// A page left open over night begins anew: last night's answers must not be there tonight.
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && performance.now() - begun > 12 * 3600000) location.reload();
});

history.replaceState(null, "", location.pathname + location.search);
if (isShell) await furnished();
if (!isShell || isAwake()) {
  await noteWaiting();
  if ((isShell || !changing) && (await resume())) leave("/");
}
for (const n of all("[data-correction]")) n.hidden = !told.base_version;
delete form.dataset.unfilled;
show(current);

// Looked at while it can be filled in: the site then knows that an evening was not overlooked.
const isEvening = isAwake() && !told.practice && !changing;
const tellOpened = () => fetch("/evening/opened", { method: "POST", redirect: "manual" }).catch(() => {});
if (isEvening && document.readyState === "complete") tellOpened();
else if (isEvening) addEventListener("load", tellOpened);
