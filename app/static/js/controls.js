/* Controls for one sore hand. Each works on a native control, which holds the answer. */

const AGAIN_MS = 400;
let last = -AGAIN_MS;
let again = false;

// A tremor taps twice: the second tap within 400 ms does nothing.
addEventListener("pointerdown", (event) => {
  again = event.timeStamp - last < AGAIN_MS && !event.target.closest("[data-repeat]");
  if (!again) last = event.timeStamp;
}, true);
addEventListener("click", (event) => {
  if (!again || !event.detail) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);

const each = (selector, work, root = document) => root.querySelectorAll(selector).forEach(work);
const changed = (control) => control.dispatchEvent(new Event("change", { bubbles: true }));

each(".vas", (vas) => {
  const track = vas.querySelector(".track");
  const range = vas.querySelector("input");
  const step = vas.closest("fieldset");
  const mark = step.querySelector("[value=answered]");
  let from = null;

  function show() {
    track.classList.toggle("set", mark.checked);
    track.style.setProperty("--at", `${range.value}%`);
    if (mark.checked) range.removeAttribute("aria-valuetext");
    else range.setAttribute("aria-valuetext", track.dataset.empty);
  }
  function set(value) {
    range.value = value;
    mark.checked = true;
    track.dataset.px = track.clientWidth;
    changed(mark);
  }
  function touch({ clientX }) {
    const { left, width } = track.getBoundingClientRect();
    set(Math.round((100 * (clientX - left)) / width));
  }

  // Without a mark there is nothing to move: going up starts at the lower end, down at the upper.
  const nudge = (by) => set(mark.checked ? +range.value + by : by > 0 ? 0 : 100);
  each("[data-nudge]", (button) => (button.onclick = () => nudge(+button.dataset.nudge)), vas);
  range.onkeydown = (event) => {
    const way = event.key.match(/^(Arrow(Right|Up)|PageUp|Home)$|^(Arrow(Left|Down)|PageDown|End)$/);
    if (mark.checked || !way) return;
    event.preventDefault();
    nudge(way[1] ? 1 : -1);
  };
  range.oninput = () => set(range.value);

  // The touch is read here and not by the range: WebKit moves a range only by its thumb.
  track.onpointerdown = (event) => {
    if (again || !event.isPrimary) return;
    from = event.clientX;
    track.setPointerCapture(event.pointerId);
  };
  track.onpointermove = (event) => {
    if (from === null || Math.abs(event.clientX - from) < 8) return;
    from = Infinity;
    touch(event);
  };
  track.onpointerup = (event) => {
    if (from === null) return;
    from = null;
    touch(event);
    range.focus({ preventScroll: true });
  };
  track.onpointercancel = () => (from = null);
  step.addEventListener("change", show);
  show();
});

// Counters may be added to the page later: the page itself listens.
document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-add]");
  if (!button) return;
  const field = button.parentNode.querySelector("input");
  const by = +button.dataset.add;
  field.value = Math.max(0, by > 0 && !field.value ? 1 : +field.value + by) || "";
  changed(field);
});

each("#zones", (step) => {
  const box = (shape) => step.querySelector(`[value="${shape.dataset.zone}"]`);
  const show = () => each("[data-zone]", (shape) => shape.classList.toggle("on", box(shape).checked), step);
  each("[data-zone]", (shape) => (shape.onclick = () => box(shape).click()), step);
  each("[data-view]", (chosen) => {
    chosen.onclick = () => {
      each("[data-view]", (view) => view.setAttribute("aria-pressed", view === chosen), step);
      each("[data-map]", (map) => map.toggleAttribute("hidden", map.dataset.map !== chosen.dataset.view), step);
    };
  }, step);
  step.addEventListener("change", show);
  show();
});

// Swelling of the face or trouble breathing: whom to call, at once, before anything is saved.
each("[data-emergency]", (symptom) => {
  symptom.addEventListener("toggle", () => symptom.open && document.getElementById("now").showModal());
});
