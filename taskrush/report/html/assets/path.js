"use strict";
/* What decided how long the run took: the longest path, what would make it shorter, and where the work went. */
TR.critical = () => {
  const path = TR.data.path;
  if (!path.length) return;
  const took = TR.spent;
  const total = path.reduce((sum, task) => sum + took(task), 0);
  const section = TR.section(
    "path",
    "Critical path",
    `${TR.count(path.length, "task")} that had to run one after the other, ${TR.seconds(total)} together: ` +
      `no number of jobs makes the run of ${TR.seconds(TR.data.run.seconds)} shorter than that.`,
  );
  const longest = Math.max(...path.map(took), 1e-9);
  const few = new Set([...path].sort((one, other) => took(other) - took(one)).slice(0, 40));
  const row = (task) =>
    TR.el(
      "li",
      {},
      TR.link(task),
      TR.el("span", { class: "meter", "aria-hidden": "true" }, TR.el("i", { class: TR.state(task), css: { width: `${Math.max(0.5, (100 * took(task)) / longest)}%` } })),
      TR.el("span", { class: "number" }, `${TR.seconds(took(task))}, ${total ? Math.round((100 * took(task)) / total) : 0}%`),
      TR.get("waited", task) > 0.05 ? TR.el("span", { class: "note" }, `waited ${TR.seconds(TR.get("waited", task))} for room`) : null,
    );
  section.append(TR.el("ol", { class: "path" }, path.filter((task) => few.has(task)).map(row)));
  if (path.length > few.size) section.append(TR.el("p", { class: "note" }, `The ${few.size} longest of ${path.length} are listed.`));
  section.append(...tight(took), ...advice(), ...flame((task) => TR.data.tasks.seconds[task]));
};

/* What comes next: tasks beside the path with the least slack. */
const tight = (took) => {
  const near = TR.all
    .filter((task) => TR.ran(task) && !TR.path.has(task) && TR.get("slack", task) !== null && took(task) > 0)
    .sort((one, other) => TR.get("slack", one) - TR.get("slack", other))
    .slice(0, 8);
  if (!near.length) return [];
  const rows = near.map((task) => [TR.link(task), TR.seconds(TR.get("slack", task)), TR.seconds(took(task))]);
  return [
    TR.el("h3", {}, "Least slack beside it"),
    TR.el("p", { class: "note" }, "So much later each could end without delaying the run, if there is always room."),
    TR.table([["task"], ["slack", "number"], ["took", "number"]], rows, "Least slack"),
  ];
};

const advice = () => {
  const expected = TR.data.expected;
  if (!expected) return [];
  const said = {
    faster: (task) => ["twice as fast: ", task],
    edge: (task, on) => [task, " not waiting for ", on],
    jobs: (task, on, jobs) => [`${jobs} jobs at once`],
  };
  const rows = expected.advice
    .filter(([kind]) => kind in said)
    .slice(0, 12)
    .map(([kind, seconds, task, on, jobs]) => [TR.el("span", {}, said[kind](TR.el("b", {}, task), TR.el("b", {}, on), jobs)), `\u2212${TR.seconds(seconds)}`]);
  return [
    TR.el("h3", {}, "What would make it shorter"),
    TR.el(
      "p",
      { class: "note" },
      `A run in which everything runs takes about ${TR.seconds(expected.seconds)} by ${TR.count(expected.runs, "past run")} ` +
        `(four of five: ${TR.seconds(expected.low)} to ${TR.seconds(expected.high)}). Each gain is that of one change alone.`,
    ),
    rows.length ? TR.table([["change"], ["gain", "number"]], rows, "What would make the run shorter") : TR.el("p", {}, "No single change gains anything worth it."),
  ];
};

/* Work by folder of names: as wide as it took, d3-hierarchy says where each box lies. */
const flame = (took) => {
  const root = { name: "all work", children: new Map(), own: 0, task: null };
  const worked = TR.all.filter((task) => TR.ran(task) && took(task) > 0 && !TR.get("service", task));
  if (worked.length < 2) return [];
  for (const task of worked) {
    let node = root;
    for (const word of TR.name(task).split(":")) {
      if (!node.children.has(word)) node.children.set(word, { name: word, children: new Map(), own: 0, task: null });
      node = node.children.get(word);
    }
    node.own += took(task);
    node.task = task;
  }
  const tree = d3.hierarchy(root, (node) => [...node.children.values()]).sum((node) => node.own).sort((one, other) => other.value - one.value);
  d3.partition()(tree);
  const boxes = tree.descendants().filter((node) => node.x1 - node.x0 > 0.004 && node.depth < 8);
  const depth = Math.max(...boxes.map((node) => node.depth)) + 1;
  const holder = TR.el("div", { class: "flame", css: { height: `${depth * 28}px` } });
  for (const node of boxes) {
    const { name, task } = node.data;
    const text = `${name}: ${TR.seconds(node.value)}, ${Math.round((100 * node.value) / tree.value)}%`;
    const width = node.x1 - node.x0;
    const css = { left: `${100 * node.x0}%`, width: `${100 * width}%`, top: `${node.depth * 28}px` };
    const state = task === null ? "group" : TR.state(task);
    const acts = task !== null && { onclick: () => TR.show(task), tabindex: width > 0.02 ? null : "-1" };
    holder.append(TR.el(task === null ? "div" : "button", { class: `box ${state}`, type: task === null ? null : "button", title: text, "aria-label": text, css, ...acts }, width > 0.03 ? name : ""));
  }
  return [
    TR.el("h3", {}, "Where the work went"),
    TR.el("p", { class: "note" }, `${TR.seconds(tree.value)} of work of ${TR.count(worked.length, "task")}, by namespace, as wide as it took.`),
    holder,
  ];
};
