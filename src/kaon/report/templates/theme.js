"use strict";
// Before anything is painted: the reader's own choice, else the system's.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("kaon-theme");
  } catch {
    // no storage for a page opened from a file
  }
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = ["light", "dark"].includes(chosen) ? chosen : dark ? "dark" : "light";
})();
