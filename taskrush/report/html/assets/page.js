"use strict";
/* The head of the page, then its parts in order; a part with nothing to say is not there. */
(() => {
  const { run, expected, left_out: left } = TR.data;
  const end = run.ok ? "ended well" : run.code === null ? "has no end" : run.code > 128 ? "was interrupted" : "failed";
  const place = [run.branch, run.revision.slice(0, 10)].filter(Boolean).join(" ");
  const took = TR.data.tasks.seconds;
  const work = TR.all.reduce((sum, task) => sum + (TR.ran(task) && !TR.get("service", task) ? took[task] : 0), 0);
  const counted = (...states) => TR.all.filter((task) => states.includes(TR.state(task))).length;
  const [failed, kept] = [counted("failed"), counted("fresh", "hit")];
  const saved = TR.all.reduce((sum, task) => sum + (TR.get("saved", task) || 0), 0);
  const used = run.seconds ? Math.round((100 * work) / (run.seconds * run.jobs)) : 0;
  const head = document.getElementById("head");
  head.append(
    TR.el("h1", {}, TR.el("span", { class: run.ok ? "sign ok" : "sign bad", "aria-hidden": "true" }, run.ok ? "\u2713" : "\u2717"), TR.el("bdi", {}, run.targets.join(" ") || "run"), ` ${end}`),
    TR.el("p", { class: "note" }, [TR.day(run.began), run.host, place, `run ${run.id}`, run.reason].filter(Boolean).join(" \u00b7 ")),
    cards([
      [TR.seconds(run.seconds), expected && run.ok ? `by the clock; usually ${TR.seconds(expected.seconds)} if all run` : "by the clock"],
      [TR.seconds(work) || "0 ms", "of work"],
      [`${Math.min(used, 100)}%`, `of ${TR.count(run.jobs, "slot")} used`],
      [TR.all.filter(TR.ran).length.toLocaleString("en"), `of ${TR.count(TR.size + left.tasks, "task")} ran`],
      ...(failed ? [[String(failed), "failed", "bad"]] : []),
      ...(kept ? [[TR.seconds(saved) || String(kept), saved ? `saved by ${TR.count(kept, "kept result")}` : "kept results used"]] : []),
    ]),
  );
  const notes = [];
  if (left.tasks) notes.push(`${TR.count(left.tasks, "task")} that ended well and quickly are left out of this page.`);
  if (left.edges) notes.push(`${TR.count(left.edges, "edge")} of the graph are left out of this page.`);
  if (left.logs) notes.push(`The output of ${TR.count(left.logs, "task")} is left out of this page: taskrush log shows it.`);
  if (TR.size > 2000) notes.push("This is a large run: tables show 100 rows at a time, and the graph a part.");
  for (const note of notes) head.append(TR.el("p", { class: "note left-out" }, note));
  for (const make of [TR.failed, TR.timeline, TR.critical, TR.graph, TR.cache, TR.trends, TR.tasks]) make();
  document.getElementById("foot").append(
    "Made by TaskRush. This page asks for nothing outside itself. Drawn with uPlot and dagre (MIT) and d3-hierarchy (ISC).",
  );
  /* The part that is looked at is marked in the row of links. */
  const links = new Map([...document.querySelectorAll("#nav a")].map((link) => [link.hash.slice(1), link]));
  const seen = new IntersectionObserver((found) => {
    for (const one of found) if (one.isIntersecting) {
      links.forEach((link) => link.removeAttribute("aria-current"));
      links.get(one.target.id).setAttribute("aria-current", "true");
    }
  }, { rootMargin: "-30% 0px -60% 0px" });
  document.querySelectorAll("main > section:not([hidden])").forEach((section) => seen.observe(section));
  document.documentElement.dataset.ready = "true";
})();
