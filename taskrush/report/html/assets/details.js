"use strict";
/* What is known of one task, in a dialog that any part of the page can open. */
TR.show = (task) => {
  const old = document.getElementById("details");
  const from = old ? old.from : document.activeElement;
  if (old) old.remove();
  const facts = [];
  const add = (name, value) => value !== null && value !== undefined && value !== "" && facts.push([name, value]);
  const get = (name) => TR.get(name, task);
  add("what for", get("description"));
  add("reason", get("reason"));
  add("command", get("command") && TR.el("code", {}, get("command")));
  if (TR.ran(task)) {
    add("began", `${TR.seconds(get("start"))} into the run`);
    add("took", TR.seconds(get("seconds")));
    add("waited for room", get("waited") ? TR.seconds(get("waited")) : "");
    add("processor time", get("cpu") === null ? "" : TR.seconds(get("cpu")));
    add("peak memory", TR.bytes(get("peak")));
    add("read, written", get("read") === null ? "" : `${TR.bytes(get("read"))}, ${TR.bytes(get("written"))}`);
    add("where", get("runner"));
  }
  add("saved by the cache", get("saved") ? TR.seconds(get("saved")) : "");
  add("why it ran", get("why"));
  add("exit code", get("code"));
  if (TR.path.has(task)) add("critical path", "yes: the run cannot end before this does");
  else if (get("slack") !== null && TR.ran(task)) add("slack", `${TR.seconds(get("slack"))} until it would delay the run`);
  const close = () => box.close();
  const box = TR.el(
    "dialog",
    { id: "details", "aria-labelledby": "details-title" },
    TR.el(
      "div",
      { class: "bar" },
      TR.el("h3", { id: "details-title" }, TR.el("bdi", {}, TR.name(task))),
      TR.el("button", { type: "button", class: "close", "aria-label": "Close", onclick: close }, "\u2715"),
    ),
    TR.badge(TR.state(task)),
    TR.el("dl", {}, facts.map(([name, value]) => [TR.el("dt", {}, name), TR.el("dd", {}, value)]).flat()),
    TR.attempts(task),
    neighbours("needs", TR.needs[task]),
    neighbours("needed by", TR.feeds[task]),
    TR.log(task),
  );
  box.from = from; // where the focus goes back to, also after a walk through several tasks
  box.addEventListener("close", () => {
    box.remove();
    from.focus();
  });
  box.addEventListener("click", (event) => event.target === box && close());
  document.body.append(box);
  box.showModal();
};

const neighbours = (title, tasks) => {
  if (!tasks.length) return null;
  const shown = tasks.slice(0, 40).map((task) => TR.el("li", {}, TR.link(task)));
  const more = tasks.length > 40 ? [TR.el("li", {}, `and ${tasks.length - 40} more`)] : [];
  return [TR.el("h4", {}, title), TR.el("ul", { class: "chips" }, shown, more)];
};

TR.attempts = (task, level = "h4") => {
  const tries = TR.data.attempts[task];
  if (!tries) return null;
  const row = ([start, seconds, state, reason], at) => [`${at + 1}`, TR.badge(state), TR.seconds(start), TR.seconds(seconds), reason];
  return [
    TR.el(level, { class: "small" }, TR.count(tries.length, "attempt")),
    TR.table([["attempt", "number"], ["end"], ["began", "number"], ["took", "number"], ["reason"]], tries.map(row), "Attempts"),
  ];
};

TR.log = (task, level = "h4") => {
  const text = TR.data.logs[task];
  if (!text) return null;
  return [TR.el(level, { class: "small" }, "output"), TR.el("pre", { tabindex: "0", role: "region", "aria-label": `output of ${TR.name(task)}` }, text)];
};
