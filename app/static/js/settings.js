/* The phone's time zone beside the diary's. */

const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
const at = new Date();
const reading = (zone) => at.toLocaleString("sv", { timeZone: zone });

for (const place of document.querySelectorAll("[data-zone]")) {
  const { zone, quiet } = place.dataset;
  const field = place.querySelector("[name=tz]");
  // Where both clocks show the same, the first page says nothing: Brussels is Paris here.
  if (timeZone === zone || (quiet !== undefined && reading(timeZone) === reading(zone))) continue;
  place.querySelector("[data-phone-zone]").textContent = timeZone.split("/").pop().replaceAll("_", " ");
  if (field) field.value = timeZone;
  place.hidden = false;
}
