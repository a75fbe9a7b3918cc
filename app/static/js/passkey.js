/* Passkeys: the phone makes or shows one, and what it says is posted as a form. data-passkey names
   where the options are; a page that only offers (data-onward) is left where the phone
   cannot. The desk takes any keeper (data-any): a security key will do there. */

const Key = window.PublicKeyCredential;
const PARTS = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];

const bytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");

// Phones of before 2025 neither read nor write the JSON of a passkey; some keepers write it wrongly.
function revive(key, value) {
  const isBytes = key === "challenge" || (key === "id" && (this.type || this.displayName));
  return isBytes ? bytes(value) : value;
}
function written(made) {
  try {
    return made.toJSON();
  } catch {
    const { id, type, response } = made;
    const said = PARTS.filter((part) => response[part]).map((part) => [part, text(response[part])]);
    return { id, rawId: id, type, response: Object.fromEntries(said) };
  }
}

async function answer(form) {
  const asked = await fetch(form.dataset.passkey, { method: "POST", redirect: "error" });
  if (!asked.ok) throw new Error(asked.status);
  const options = await asked.text();
  const isNew = "user" in JSON.parse(options);
  const read = Key[`parse${isNew ? "Creation" : "Request"}OptionsFromJSON`];
  const publicKey = read ? read.call(Key, JSON.parse(options)) : JSON.parse(options, revive);
  const made = await navigator.credentials[isNew ? "create" : "get"]({ publicKey });
  const { elements } = form;
  elements.answer.value = JSON.stringify(written(made));
  if (elements.sent_at) elements.sent_at.value = new Date().toISOString();
  form.submit();
}

function enable(form) {
  const button = form.querySelector("button");
  const failed = form.querySelector("[data-failed]");
  form.closest("[hidden]")?.removeAttribute("hidden");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    button.disabled = failed.hidden = true;
    answer(form).catch(() => (button.disabled = failed.hidden = false));
  });
}

const can = await Key?.isUserVerifyingPlatformAuthenticatorAvailable?.().catch(() => false);
for (const form of document.querySelectorAll("[data-passkey]")) {
  if (can || (Key && "any" in form.dataset)) enable(form);
  else if (form.dataset.onward) location.replace(form.dataset.onward);
}
