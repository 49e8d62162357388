"use strict";
/* What all parts of the page share: the data, elements made of text (never of markup), times as people read them. */
const TR = {};

TR.data = JSON.parse(document.getElementById("data").textContent);

TR.el = (name, attributes, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key === "css") for (const [one, text] of Object.entries(value)) made.style.setProperty(one, text);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
};

TR.svg = (name, attributes, ...children) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
  made.append(...children);
  return made;
};

TR.seconds = (value) => {
  if (value === null || value === undefined) return "";
  if (value >= 3600) return `${Math.floor(value / 3600)}h ${Math.round((value % 3600) / 60)}m`;
  if (value >= 60) return `${Math.floor(value / 60)}m ${Math.floor(value % 60)}s`;
  if (value >= 10) return `${value.toFixed(1)} s`;
  if (value >= 1) return `${value.toFixed(2)} s`;
  return value > 0 && value < 0.001 ? "< 1 ms" : `${Math.round(value * 1000)} ms`;
};

TR.bytes = (value) => {
  if (value === null || value === undefined) return "";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  for (; value >= 1024 && unit < 4; unit++) value /= 1024;
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
};

TR.day = (at) => new Date(at * 1000).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });

TR.count = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

/* One task of the columns. `text` columns hold numbers of shared texts. */
const TEXTS = new Set(["state", "reason", "why", "description", "command", "runner"]);
TR.get = (name, task) => {
  const column = TR.data.tasks[name];
  const value = column ? column[task] : null;
  return TEXTS.has(name) ? TR.data.texts[value || 0] : value;
};
TR.size = TR.data.tasks.name.length;
TR.name = (task) => TR.data.tasks.name[task];
TR.state = (task) => TR.get("state", task);
TR.ran = (task) => TR.data.tasks.start[task] !== null;
TR.began = (task) => {
  const tries = TR.data.attempts[task];
  return tries && tries[0][0] !== null ? tries[0][0] : TR.data.tasks.start[task];
};
/* From the first attempt to the end of the last. */
TR.spent = (task) => (TR.ran(task) ? TR.data.tasks.start[task] + TR.data.tasks.seconds[task] - TR.began(task) : 0);
TR.all = Array.from({ length: TR.size }, (_, task) => task);

TR.STATES = {
  succeeded: ["ran", "\u2713"],
  fresh: ["fresh", "="],
  hit: ["from the cache", "\u21e3"],
  warned: ["failed, allowed to", "!"],
  failed: ["failed", "\u2717"],
  cancelled: ["cancelled", "\u2298"],
  interrupted: ["interrupted", "\u2298"],
  running: ["still running", "\u25b6"],
  skipped: ["skipped", "\u2013"],
};
TR.said = (state) => (TR.STATES[state] || [state, "?"])[0];
TR.sign = (state) => (TR.STATES[state] || [state, "?"])[1];
TR.badge = (state) =>
  TR.el("span", { class: `badge ${state in TR.STATES ? state : "skipped"}` }, `${TR.sign(state)} ${TR.said(state)}`);

/* Who waits for whom, in both directions. */
TR.needs = TR.all.map(() => []);
TR.feeds = TR.all.map(() => []);
for (let at = 0; at < TR.data.edges.length; at += 2) {
  const [task, on] = [TR.data.edges[at], TR.data.edges[at + 1]];
  TR.needs[task].push(on);
  TR.feeds[on].push(task);
}
TR.path = new Set(TR.data.path);

/* Colours come from the style sheet, so that light and dark are said in one place. */
TR.colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

TR.announce = (text) => {
  document.getElementById("live").textContent = text;
};

TR.section = (id, title, note) => {
  const section = document.getElementById(id);
  section.hidden = false;
  const link = document.querySelector(`#nav a[href="#${id}"]`);
  link.hidden = false;
  link.textContent = title;
  section.append(TR.el("h2", { id: `${id}-title` }, title));
  if (note) section.append(TR.el("p", { class: "note" }, note));
  return section;
};

/* A table that is scrolled inside its frame on a phone. */
TR.table = (heads, rows, label) =>
  TR.el(
    "div",
    { class: "frame", tabindex: "0", role: "region", "aria-label": label },
    TR.el(
      "table",
      {},
      TR.el("thead", {}, TR.el("tr", {}, heads.map((head) => TR.el("th", { scope: "col", class: head[1] }, head[0])))),
      TR.el("tbody", {}, rows.map((row) => TR.el("tr", {}, row.map((cell, at) => TR.el("td", { class: heads[at][1] }, cell))))),
    ),
  );

TR.link = (task, text) =>
  TR.el("button", { type: "button", class: "task", onclick: () => TR.show(task) }, text || TR.name(task));

/* What is drawn on a canvas is drawn anew when its colours or its room change. */
TR.drawn = [];
const again = () => TR.drawn.forEach((draw) => draw());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
