"use strict";
/* Failures with their logs, what the cache did, and all tasks to sort and to filter. */
TR.failed = () => {
  const failed = TR.all.filter((task) => ["failed", "interrupted", "cancelled"].includes(TR.state(task)));
  const warned = TR.all.filter((task) => TR.state(task) === "warned");
  const flaky = TR.all.filter((task) => TR.state(task) === "succeeded" && TR.get("attempts", task) > 1);
  const shown = [...failed, ...warned].slice(0, 60);
  if (!shown.length && !flaky.length) return;
  const broken = failed.some((task) => TR.state(task) === "failed");
  const title = broken ? "Failures" : failed.length ? "Interrupted" : warned.length ? "Warnings" : "Flaky";
  const section = TR.section("failures", title);
  shown.forEach((task, at) => section.append(failure(task, at < 3)));
  if (failed.length + warned.length > shown.length) {
    section.append(TR.el("p", { class: "note" }, `${failed.length + warned.length - shown.length} more are in the table of tasks.`));
  }
  const skipped = TR.all.filter((task) => TR.state(task) === "skipped").length;
  if (failed.length && skipped) section.append(TR.el("p", { class: "note" }, `${TR.count(skipped, "task")} did not run at all.`));
  if (flaky.length) {
    section.append(
      TR.el("h3", {}, "Ended well only when tried again"),
      TR.el("ul", { class: "chips" }, flaky.slice(0, 100).map((task) => TR.el("li", {}, TR.link(task), ` ${TR.count(TR.get("attempts", task), "attempt")}`))),
    );
  }
};

const failure = (task, open) => {
  const known = TR.data.failures[task];
  const inner = [];
  if (known) {
    for (const { message, remedy, certain } of known.causes) {
      inner.push(TR.el("p", { class: "cause" }, certain ? message : `perhaps: ${message}`, remedy && TR.el("span", { class: "remedy" }, remedy)));
    }
    if (known.changed) inner.push(TR.el("p", { class: "note" }, `changed since it last ended well: ${known.changed}`));
    if (known.history) inner.push(TR.el("p", { class: "note" }, `failed ${known.history[0]} of the last ${known.history[1]} times`));
    if (known.lines.length) inner.push(TR.el("h3", { class: "small" }, "what decides"), TR.el("pre", { class: "decisive", tabindex: "0", role: "region", "aria-label": "decisive lines" }, known.lines.join("\n")));
  }
  inner.push(TR.attempts(task, "h3"), TR.log(task, "h3"));
  const nothing = inner.flat().every((one) => !one);
  return TR.el(
    "details",
    { class: "failure", open },
    TR.el("summary", {}, TR.badge(TR.state(task)), " ", TR.el("b", {}, TR.el("bdi", {}, TR.name(task))), ` ${TR.get("reason", task) || ""}`, TR.ran(task) ? TR.el("span", { class: "note" }, ` after ${TR.seconds(TR.data.tasks.seconds[task])}`) : null),
    inner.flat(),
    nothing ? TR.el("p", { class: "note" }, "It wrote nothing.") : null,
    TR.el("p", {}, TR.link(task, "All about it")),
  );
};

TR.cache = () => {
  const of = (...states) => TR.all.filter((task) => states.includes(TR.state(task)));
  const [fresh, hits] = [of("fresh"), of("hit")];
  const misses = of("succeeded", "failed", "warned").filter((task) => TR.get("cached", task) || TR.get("why", task));
  if (!fresh.length && !hits.length && !misses.length) return;
  const saved = [...fresh, ...hits].reduce((sum, task) => sum + (TR.get("saved", task) || 0), 0);
  const spent = misses.reduce((sum, task) => sum + TR.data.tasks.seconds[task], 0);
  const part = Math.round((100 * (fresh.length + hits.length)) / (fresh.length + hits.length + misses.length));
  const section = TR.section("cache", "Cache");
  section.append(
    cards([
      [`${part}%`, "of cached tasks did not run"],
      [String(fresh.length), "fresh: outputs were there"],
      [String(hits.length), "restored from a cache"],
      [String(misses.length), `ran, ${TR.seconds(spent) || "0 ms"}`],
      [TR.seconds(saved) || "0 ms", "saved"],
    ]),
  );
  const top = (tasks, value) => [...tasks].sort((one, other) => value(other) - value(one)).slice(0, 25);
  const took = (task) => TR.data.tasks.seconds[task];
  if (misses.length) {
    section.append(TR.el("h3", {}, "What ran, and why"));
    const rows = top(misses, took).map((task) => [TR.link(task), TR.seconds(took(task)), TR.get("why", task) || ""]);
    section.append(TR.table([["task"], ["took", "number"], ["why"]], rows, "Cached tasks that ran"), rest(misses));
  }
  const saving = [...fresh, ...hits];
  if (saving.length) {
    section.append(TR.el("h3", {}, "What did not have to run"));
    const rows = top(saving, (task) => TR.get("saved", task) || 0).map((task) => [TR.link(task), TR.badge(TR.state(task)), TR.seconds(TR.get("saved", task))]);
    section.append(TR.table([["task"], ["how"], ["saved", "number"]], rows, "Tasks that did not run"), rest(saving));
  }
};

const rest = (tasks) => (tasks.length > 25 ? TR.el("p", { class: "note" }, `The 25 that matter most of ${tasks.length}.`) : "");

const cards = (facts) => TR.el("dl", { class: "cards" }, facts.map(([value, name, kind]) => TR.el("div", { class: kind || "" }, TR.el("dt", {}, name), TR.el("dd", {}, value))));

const COLUMNS = [
  ["name", "task", (task) => TR.link(task)],
  ["state", "end", (task) => TR.badge(TR.state(task))],
  ["start", "began", (task) => TR.seconds(TR.data.tasks.start[task]), "number"],
  ["seconds", "took", (task) => (TR.ran(task) ? TR.seconds(TR.data.tasks.seconds[task]) : ""), "number"],
  ["waited", "waited", (task) => TR.seconds(TR.get("waited", task)), "number"],
  ["cpu", "cpu", (task) => TR.seconds(TR.get("cpu", task)), "number"],
  ["peak", "memory", (task) => TR.bytes(TR.get("peak", task)), "number"],
  ["slack", "slack", (task) => (TR.ran(task) ? TR.seconds(TR.get("slack", task)) : ""), "number"],
  ["why", "why", (task) => TR.get("reason", task) || TR.get("why", task)],
];
const PAGE = 100;

TR.tasks = () => {
  const section = TR.section("tasks", "Tasks");
  const columns = COLUMNS.filter(([name]) => TR.data.tasks[name]);
  const word = TR.el("input", { type: "search", id: "tasks-word", placeholder: "part of a name", autocomplete: "off" });
  const states = [...new Set(TR.all.map(TR.state))];
  const state = TR.el("select", { id: "tasks-state" }, TR.el("option", { value: "" }, "any end"), states.map((one) => TR.el("option", { value: one }, TR.said(one))));
  const body = TR.el("tbody");
  const told = TR.el("p", { class: "note", role: "status", id: "tasks-told" });
  const more = TR.el("button", { type: "button", class: "more", onclick: () => show(limit + PAGE) }, "Show more");
  let [sorted, down, limit] = [null, false, PAGE];
  const heads = columns.map(([name, title, , kind]) => {
    const head = TR.el("th", { scope: "col", class: kind }, TR.el("button", { type: "button" }, title));
    head.firstChild.addEventListener("click", () => {
      [sorted, down] = [name, sorted === name ? !down : kind === "number"];
      heads.forEach((one) => one.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      show(PAGE);
    });
    return head;
  });
  const value = (task) => {
    const raw = sorted === "state" || sorted === "why" ? TR.get(sorted, task) : TR.data.tasks[sorted][task];
    return raw;
  };
  const order = (one, other) => {
    const [here, there] = [value(one), value(other)];
    if (here === null || there === null) return (here === null) - (there === null);
    const by = typeof here === "string" ? here.localeCompare(there) : here - there;
    return down ? -by : by;
  };
  const show = (most) => {
    limit = most;
    const wanted = word.value.toLowerCase();
    const found = TR.all.filter((task) => (!wanted || TR.name(task).toLowerCase().includes(wanted)) && (!state.value || TR.state(task) === state.value));
    if (sorted) found.sort(order);
    body.replaceChildren(...found.slice(0, limit).map((task) => TR.el("tr", {}, columns.map(([, , cell, kind]) => TR.el("td", { class: kind }, cell(task))))));
    const shown = Math.min(limit, found.length);
    told.textContent = shown < found.length ? `${shown} of ${TR.count(found.length, "task")}` : TR.count(found.length, "task");
    more.hidden = shown === found.length;
  };
  word.addEventListener("input", () => show(PAGE));
  state.addEventListener("change", () => show(PAGE));
  section.append(
    TR.el("div", { class: "tools" }, TR.el("label", { for: "tasks-word" }, "Name "), word, TR.el("label", { for: "tasks-state" }, " End "), state),
    told,
    TR.el("div", { class: "frame", tabindex: "0", role: "region", "aria-label": "All tasks" }, TR.el("table", {}, TR.el("thead", {}, TR.el("tr", {}, heads)), body)),
    more,
  );
  show(PAGE);
};
