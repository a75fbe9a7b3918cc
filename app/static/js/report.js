/* The report after a session, by way of the outbox. */

import "./controls.js";
import { compose, mine, save } from "./phone.js";

const form = document.getElementById("report");
const { form_version, session_no } = JSON.parse(form.dataset.document);
const say = form.querySelector(".say");
const done = document.getElementById("reported");

form.onsubmit = async (event) => {
  if (!mine) return;
  event.preventDefault();
  const data = new FormData(form);
  const items = Object.fromEntries([...data]
    .filter(([name]) => name.startsWith("symptom."))
    .map(([name, value]) => [name.slice("symptom.".length), value]));
  const other_symptom = data.get("other_symptom").trim();
  const texts = other_symptom ? { other_symptom } : {};
  try {
    await save(compose({ kind: "session_report", form_version, payload: { session_no, items }, texts }), done.dataset.words, () => {
      done.querySelector("[data-state=phone]").hidden = true;
      done.querySelector("[data-state=sent]").hidden = false;
    });
  } catch {
    return (say.textContent = say.dataset.unsaved);
  }
  const isUrgent = [...form.querySelectorAll("[data-emergency] :checked")].some(({ value }) => value !== "none");
  done.querySelector("[data-urgent]").hidden = !isUrgent;
  form.hidden = true;
  done.hidden = false;
  done.focus();
  scrollTo(0, 0);
};
