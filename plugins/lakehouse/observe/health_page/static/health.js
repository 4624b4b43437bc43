// The page works without this file. With it: it refreshes itself, commands can be copied, links leave
// Airflow's frame, and the theme follows Airflow's own.
"use strict";

const body = document.body;
const state = document.getElementById("refresh-state");
const pause = document.getElementById("refresh");

// Airflow shows the page in a frame of its own origin; elsewhere, or from another origin, there is none.
function airflowDocument() {
  try {
    return window.parent === window ? null : window.parent.document;
  } catch {
    return null;
  }
}

function followTheme() {
  const outer = airflowDocument();
  if (outer === null) return;
  const root = outer.documentElement;
  const apply = () => {
    const theme = ["dark", "light"].find((name) => root.classList.contains(name));
    if (theme) document.documentElement.dataset.theme = theme;
  };
  apply();
  new MutationObserver(apply).observe(root, { attributes: true, attributeFilter: ["class"] });
}

// The frame's sandbox lets nothing out of it, so the click is made in Airflow's own document.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-airflow]");
  const outer = airflowDocument();
  if (link === null || outer === null) return;
  event.preventDefault();
  const twin = outer.createElement("a");
  twin.href = link.href;
  if (event.ctrlKey || event.metaKey || event.shiftKey) {
    twin.target = "_blank";
    twin.rel = "noopener";
  }
  outer.body.append(twin);
  twin.click();
  twin.remove();
});

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without HTTPS there is no clipboard; the old way still works.
    const field = document.createElement("textarea");
    field.value = text;
    body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (button === null) return;
  const done = await copy(document.getElementById(button.dataset.copy).textContent);
  const label = button.textContent;
  button.textContent = done ? "Copied" : "Select and copy by hand";
  setTimeout(() => { button.textContent = label; }, 2000);
});

function replaceSection(fresh) {
  const old = document.getElementById(fresh.id);
  if (old === null || old.contains(document.activeElement) && document.activeElement.matches("input, textarea")) return;
  for (const details of old.querySelectorAll("details[id][open]")) {
    const same = fresh.querySelector(`details[id="${CSS.escape(details.id)}"]`);
    if (same) same.open = true;
  }
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const place = focused ? [...old.querySelectorAll("a, button, summary, [tabindex]")].indexOf(focused) : -1;
  old.replaceWith(fresh);
  if (place >= 0) fresh.querySelectorAll("a, button, summary, [tabindex]")[place]?.focus();
}

async function refresh() {
  const query = "newest" in body.dataset ? "" : `?date=${body.dataset.night}`;
  try {
    const answer = await fetch(`health.json${query}`, { headers: { Accept: "application/json" } });
    if (answer.status === 401 || answer.status === 403) {
      say("You are signed out: reload the page.");
      return;
    }
    if (!answer.ok) throw new Error(answer.statusText);
    const told = await answer.json();
    const sections = [...document.querySelectorAll("section[data-digest]")];
    const isSame = told.business_date === body.dataset.night
      && sections.every((each) => told.digests[each.id] === each.dataset.digest);
    if (!isSame) {
      const page = await fetch(`health${query}`, { headers: { Accept: "text/html" } });
      if (!page.ok) throw new Error(page.statusText);
      const fresh = new DOMParser().parseFromString(await page.text(), "text/html");
      if (fresh.body.dataset.night !== body.dataset.night) {
        location.reload();
        return;
      }
      for (const section of fresh.querySelectorAll("section[data-digest]")) {
        if (document.getElementById(section.id)?.dataset.digest !== section.dataset.digest) replaceSection(section);
      }
    }
    const read = new Date(told.read_at);
    const shown = document.getElementById("read-at");
    shown.dateTime = told.read_at;
    shown.textContent = read.toISOString().slice(11, 19);
    say("");
  } catch {
    say("Airflow does not answer; what you see is old. Trying again.");
  }
}

// Said only when it changes: a screen reader would repeat it.
function say(text) {
  if (state.textContent !== text) state.textContent = text;
}

followTheme();

// Other pages of the application share this file and stay as they are.
if (body.dataset.refreshSeconds) {
  let paused = false;
  pause.hidden = false;
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.setAttribute("aria-pressed", String(paused));
    pause.textContent = paused ? "Resume refresh" : "Pause refresh";
  });
  setInterval(() => {
    if (!paused && !document.hidden) refresh();
  }, Number(body.dataset.refreshSeconds) * 1000);
  document.addEventListener("visibilitychange", () => {
    if (!paused && !document.hidden) refresh();
  });
}
