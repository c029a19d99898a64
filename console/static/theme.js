"use strict";
// Before anything is drawn: the theme this browser chose last, dark at first; a night room is dark.
try { document.documentElement.dataset.theme = localStorage.getItem("theme") || "dark"; } catch { /* storage is off: dark */ }
document.addEventListener("DOMContentLoaded", () => {
  document.getElementById("theme")?.addEventListener("click", () => {
    const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    try { localStorage.setItem("theme", next); } catch { /* storage is off: it holds for this page */ }
    document.dispatchEvent(new Event("theme"));
  });
});
