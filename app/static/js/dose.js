/* A dose: touched, kept, and for a minute it can be undone. */

import "./controls.js";
import { instant } from "./outbox.js";
import { compose, introduce, isAwake, mine, profile, refresh, save } from "./phone.js";

const UNDO_MS = 60000;
const form = document.getElementById("dose");
const noted = document.getElementById("noted");
const { form_version, ...given } = JSON.parse(form.dataset.document);
const find = (selector, root = form) => root.querySelector(selector);
const say = find(".say");
const own = (await profile()) ?? (await refresh());
let { snapshot } = given;

/* The empty page becomes the page of one medicine */

function furnish() {
  const id = new URLSearchParams(location.search).get("medicine");
  const shown = own?.shelf?.find((medicine) => medicine.id === id);
  if (!shown || !isAwake()) return location.replace(shown && navigator.onLine ? `/unlock?next=${encodeURIComponent(location.pathname + location.search)}` : "/");
  introduce(own);
  snapshot = own.medicines.find((medicine) => medicine.medicine_id === id);
  find("[data-name]").textContent = shown.name;
  find("[data-strength]").textContent = shown.strength;
  find("[data-unit]").textContent = shown.unit_words;
  find("[name=amount]").min = find("[name=amount]").step = shown.step;
  find("[data-amounts]").replaceChildren(...shown.amounts.map(([value, words]) =>
    Object.assign(document.createElement("button"), { name: "units", value, textContent: words })));
  const isAsked = { patch: shown.is_patch, units: !shown.is_patch, rescue: shown.is_rescue };
  for (const n of form.querySelectorAll("[data-if]")) if (!isAsked[n.dataset.if]) n.remove();
  delete form.dataset.unfilled;
}

/* What was taken, on the participant's calendar and clock */

const local = (at) => new Intl.DateTimeFormat("sv-SE",
  { timeZone: own?.tz, dateStyle: "short", timeStyle: "short" }).format(at).split(" ");

function taken(data) {
  const [today, clock] = local(Date.now());
  const [yesterday] = local(Date.now() - 24 * 3600000);
  const chosen = data.get("taken_on");
  const taken_on = { today, yesterday }[chosen] ?? (chosen || today);
  const [at, part] = [data.get("taken_at"), data.get("taken_part")];
  if (!at && !part && taken_on !== today) return "time_missing";
  if (taken_on > today || (taken_on === today && at > clock)) return "time_in_future";
  return { taken_on, taken_at: at || (part ? null : clock), taken_part: at ? null : part || null };
}

function payload(data) {
  const patch = data.get("patch");
  const units = patch ? 1 : +(data.get("units") ?? data.get("amount")?.replace(",", ".") ?? 0);
  const when = taken(data);
  if (!(units > 0 && units <= 200)) return "amount_missing";
  if (typeof when === "string") return when;
  return { medicine: snapshot, units, reason: data.get("reason") || null, patch, ...when };
}

function sentence({ patch, units, taken_at, taken_part }) {
  const pressed = find(patch ? `[name=patch][value=${patch}]` : `[name=units][value="${units}"]`);
  const part = taken_part && find(`[name=taken_part] [value=${taken_part}]`).textContent;
  const how = pressed ? pressed.textContent : `${units.toLocaleString(document.documentElement.lang)} ${find("[data-unit]").textContent}`;
  const said = { medicine: `${snapshot.name} ${snapshot.strength}`, what: how, when: taken_at?.slice(0, 5) ?? part.toLowerCase() };
  return find("[data-dose]", noted).dataset.dose.replace(/\{(\w+)\}/g, (_, name) => said[name]);
}

/* Saving, and taking back */

const state = (name, root = noted) => {
  for (const n of root.querySelectorAll("[data-state]")) n.hidden = n.dataset.state !== name;
};
const arrived = ({ outcome }) => state(/saved|known/.test(outcome) ? "sent" : "aside");

function done(entry, words) {
  const undo = find("[data-undo]", noted);
  form.hidden = true;
  noted.hidden = false;
  find("[data-dose]", noted).textContent = words;
  noted.focus();
  scrollTo(0, 0);
  setTimeout(() => (undo.hidden = true), UNDO_MS);
  undo.onclick = async () => {
    undo.disabled = true;
    const { record_id } = entry;
    const back = compose({ kind: "dose", op: "void", record_id, base_version: 1, form_version, payload: null, texts: { reason: "undo" } });
    try {
      await save(back, words);
      undo.hidden = true;
      state("undone");
    } catch {
      undo.disabled = false;
    }
  };
}

form.onsubmit = async (event) => {
  if (!mine) return;
  event.preventDefault();
  const said = payload(new FormData(form, event.submitter));
  if (typeof said === "string") return (say.textContent = say.dataset[said]);
  const words = sentence(said);
  const entry = compose({ kind: "dose", form_version, observed_at: instant(), payload: said });
  try {
    await save(entry, words, arrived);
  } catch {
    return (say.textContent = say.dataset.unsaved);
  }
  done(entry, words);
};

if (!snapshot) furnish();
