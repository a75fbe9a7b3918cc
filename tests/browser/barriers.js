// What axe cannot see, as lists of faults. Evaluated in the page under test.
const said = (one) => one.outerHTML.slice(0, 120);
const CONTROLS = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";

globalThis.barriers = {
  // Scrolling sideways, but for tables, which have a scroller of their own.
  sideways(width) {
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.querySelectorAll("body *")]
      .filter((one) => one.getBoundingClientRect().right > width + 1 && !one.closest(".wide"))
      .slice(0, 3).map((one) => `sideways: ${said(one)}`).concat("sideways");
  },

  // The control that has the focus: without a ring, or under something that lies over the page.
  stop(one) {
    const seen = one.closest("label.choice, .eleven label, .track") ?? one;
    const ring = [one, seen].map((n) => getComputedStyle(n))
      .some((n) => n.outlineStyle !== "none" && parseFloat(n.outlineWidth) >= 2);
    const { left, top, width, height } = seen.getClientRects()[0];
    const isAt = (y) => {
      const found = document.elementFromPoint(left + width / 2, y);
      return found && (seen.contains(found) || found.contains(seen));
    };
    // Of a tall one the browser shows a part; of a text it shows where one writes.
    const isWhole = height < innerHeight / 2 && one.tagName !== "TEXTAREA";
    const points = isWhole ? [top + 2, top + height / 2, top + height - 2] : [top + 24];
    return [
      ...(ring ? [] : [`focus without a ring: ${said(one)}`]),
      ...(points.every(isAt) ? [] : [`focus hidden: ${said(one)}`]),
    ];
  },

  // The same of every control in turn.
  hiddenFocus() {
    const faults = [];
    for (const one of document.querySelectorAll(CONTROLS)) {
      if (one.tabIndex < 0 || !one.getClientRects().length) continue;
      one.focus();
      if (document.activeElement === one) faults.push(...this.stop(one));
    }
    document.activeElement.blur();
    scrollTo(0, 0);
    return faults;
  },

  // Targets that a sore hand may miss. Links within a sentence are as high as their line.
  small() {
    return [...document.querySelectorAll(CONTROLS)]
      .filter((one) => one.tagName !== "A" || one.matches(".button, .choice"))
      .map((one) => one.closest("label.choice, .eleven label, .track") ?? one)
      .filter((one) => one.getClientRects().length && one.getBoundingClientRect().height < 47.5)
      .map((one) => `under 48 px: ${said(one)}`);
  },
};
