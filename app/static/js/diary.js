/* The diary with script: one question a screen, a last look, and saving by way of the outbox.

   The form's own controls hold the answers; a step is a fieldset. What is saved is a Submission, as in
   app/domain/records.py. */

import "./controls.js";
import { instant, keep, replay } from "./outbox.js";

const form = document.getElementById("diary");
const told = JSON.parse(form.dataset.document);
const find = (selector, root = form) => root.querySelector(selector);
const all = (selector, root = form) => [...root.querySelectorAll(selector)];
const steps = all("[data-step]");
const back = find("[data-back]");
const next = find("[data-next]");
const save = find("[data-save]");
const say = find(".say");
const offer = find("[data-flare]");
const begun = performance.now();
const seen = new Set();
let answeredAt = instant();
let flare = told.mode === "flare";
let current = steps[0];
let isReviewed = false;
let isSaved = false;

const data = () => new FormData(form);
const gate = () => data().get("allodynia");
const asked = () => steps.filter((step) =>
  flare ? step === steps[0] : step.dataset.ifYes === undefined || gate() === "yes");
const unsettled = () => all("[data-contradiction]:not([hidden]) input");
const isAnswered = (step) => step.id === "review" ? unsettled().every((box) => box.checked)
  : step.dataset.noted !== undefined || all("input", step).some((n) =>
    /radio|checkbox/.test(n.type) ? n.checked : n.type !== "range" && n.value);

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
  if (offer) offer.hidden = flare || step !== steps[0];
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
  else history.back();
};
form.addEventListener("change", () => (answeredAt = instant()));

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
      taken.scheduled.some(({ taking }) => /as_prescribed|differently/.test(taking))),
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

const submission = () => ({
  submission_id: crypto.randomUUID(),
  record_id: told.record_id ?? crypto.randomUUID(),
  kind: "diary",
  op: told.base_version ? "correct" : "create",
  base_version: told.base_version ?? null,
  form_version: told.form_version,
  observed_at: answeredAt,
  saved_at: instant(),
  tz: Intl.DateTimeFormat().resolvedOptions().timeZone,
  elapsed_s: (performance.now() - begun) / 1000,
  helper: data().has("helper"),
  payload: payload(),
  texts: Object.fromEntries(["reason", "other_medicine"]
    .map((name) => [name, data().get(name)?.trim()]).filter(([, text]) => text)),
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
  document.addEventListener("sent", ({ detail }) => {
    if (detail.id !== entry.submission_id) return;
    part("phone", false);
    part(/saved|known/.test(detail.outcome) ? "sent" : "aside", true);
    find("[data-receipt]").textContent = detail.receipt;
  });
  find("#done").hidden = false;
  scrollTo(0, 0);
  find("#done").focus();
}

form.onsubmit = async (event) => {
  event.preventDefault();
  if (save.disabled || isLeft(current) || form.elements.reason?.reportValidity() === false) return;
  save.disabled = true;
  const entry = submission();
  try {
    if (!told.practice) await keep(entry);
    done(entry);
    replay();
  } catch {
    say.textContent = say.dataset.unsaved;
    save.disabled = false;
  }
};

// A page left open over night begins anew: last night's answers must not be there tonight.
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && performance.now() - begun > 12 * 3600000) location.reload();
});

history.replaceState(null, "", location.pathname);
show(steps[0]);
