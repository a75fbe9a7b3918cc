/* The handout: whether the phone has come in and the test message arrived, looked at again and again. */

const place = document.querySelector("[data-arrival]");
const every = 4000;

const look = async () => {
  const answer = await fetch(place.dataset.arrival).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const told = await answer.text();
  // Only what changed is written anew, so that nothing is read out twice.
  if (told !== place.innerHTML) place.innerHTML = told;
};

document.querySelector("[data-test]").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { action } = event.target;
  const answer = await fetch(action, { method: "POST", redirect: "manual" }).catch(() => null);
  // A refusal says why on a page of its own, as it does without script.
  if (answer?.type === "opaqueredirect") await look();
  else event.target.submit();
});

setInterval(() => document.hidden || look(), every);
