"use strict";
// A trial takes a while: its place on the page is asked for again until it is done.
const WAIT_MS = 700;
async function look() {
  const waiting = document.querySelector("[data-wait]");
  if (!waiting) return;
  const answer = await fetch(`/tuning?job=${waiting.dataset.wait}&part=trial`, { headers: { accept: "text/html" } });
  if (!answer.ok) { waiting.textContent = await answer.text(); return; }
  document.getElementById("trial").innerHTML = await answer.text();
  setTimeout(look, WAIT_MS);
}
setTimeout(look, WAIT_MS);
