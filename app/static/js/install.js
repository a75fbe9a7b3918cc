/* The install page: opens the part for this phone, and offers the browser's own prompt. */

const { userAgent, maxTouchPoints } = navigator;
const one = (selector) => document.querySelector(selector);
const isApple = /iP(hone|ad|od)/.test(userAgent) || (/Macintosh/.test(userAgent) && maxTouchPoints > 1);
one(`[data-platform=${isApple ? "ios" : /Android/.test(userAgent) ? "android" : "other"}]`).open = true;
one("[data-installed]").hidden = !matchMedia("(display-mode: standalone)").matches;

addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  one("[data-platform=android]").open = true;
  one("[data-install]").hidden = false;
  one("[data-install] button").onclick = () => event.prompt();
});
