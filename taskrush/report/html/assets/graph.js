"use strict";
/* Who waits for whom. dagre lays it out; of a large graph only a part is drawn, chosen by a task, and the page says so. */
const MOST_DRAWN = 120; // of a graph that is drawn as a whole
const MOST_OF_PART = 60;
const HUB = 30; // neighbours of a task through which nothing is looked for: everything hangs together there
const WIDEST = 26;

TR.graph = () => {
  if (!TR.data.edges.length) return;
  const linked = TR.all.filter((task) => TR.needs[task].length || TR.feeds[task].length);
  const section = TR.section("graph", "Graph");
  const note = TR.el("p", { class: "note", id: "graph-note" });
  const names = TR.el("datalist", { id: "graph-names" }, linked.slice(0, 5000).map((task) => TR.el("option", { value: TR.name(task) })));
  const field = TR.el("input", { type: "search", id: "graph-focus", list: "graph-names", placeholder: "all, or around a task", autocomplete: "off" });
  const scale = { value: 1 };
  const frame = TR.el("div", { class: "graph", id: "graph-frame", tabindex: "-1" });
  const size = (factor) => {
    scale.value = Math.min(2, Math.max(0.2, factor ? scale.value * factor : 1));
    fit(frame, scale.value);
  };
  const whole = () => {
    const picture = frame.firstElementChild;
    if (!picture) return;
    scale.value = Math.min(1, Math.max(0.2, (frame.clientWidth - 4) / Number(picture.dataset.width)));
    fit(frame, scale.value);
  };
  const tool = (text, title, act) => TR.el("button", { type: "button", title, "aria-label": title, onclick: act }, text);
  section.append(
    note,
    TR.el(
      "div",
      { class: "tools" },
      TR.el("label", { for: "graph-focus" }, "Around "),
      field,
      names,
      tool("+", "Larger", () => size(1.25)),
      tool("\u2212", "Smaller", () => size(0.8)),
      tool("1:1", "1:1, usual size", () => size(0)),
      tool("Fit", "Fit the width", whole),
    ),
    frame,
  );
  const show = () => {
    const focus = field.value ? TR.all.filter((task) => TR.name(task) === field.value)[0] : undefined;
    if (field.value && focus === undefined) return;
    const [chosen, said] = part(linked, focus);
    note.textContent = `${said} Arrows go from what is needed to what needs it; the critical path is thick. Arrow keys walk along them, Enter shows a task.`;
    frame.replaceChildren(picture(chosen, focus));
    const wide = (frame.clientWidth - 4) / frame.firstElementChild.dataset.width;
    fit(frame, scale.value !== 1 ? scale.value : Math.max(0.62, Math.min(1, wide)));
    const first = frame.querySelector("[tabindex='0']").getBoundingClientRect();
    const box = frame.getBoundingClientRect();
    frame.scrollTo(frame.scrollLeft + first.left - box.left - box.width / 3, frame.scrollTop + first.top - box.top - box.height / 2);
  };
  field.addEventListener("change", show);
  field.addEventListener("input", () => (field.value === "" || TR.all.some((task) => TR.name(task) === field.value)) && show());
  /* A layout takes long enough to wait until somebody looks. */
  const seen = new IntersectionObserver((found) => {
    if (!found.some((one) => one.isIntersecting)) return;
    seen.disconnect();
    show();
  }, { rootMargin: "600px" });
  seen.observe(section);
};

/* The tasks that are drawn, and a sentence about them. */
const part = (linked, focus) => {
  if (focus === undefined && linked.length <= MOST_DRAWN) return [linked, `${TR.count(linked.length, "task")} that need each other.`];
  const bad = linked.filter((task) => ["failed", "warned", "cancelled", "interrupted"].includes(TR.state(task)));
  const began = focus === undefined ? [...bad.slice(0, 10), ...TR.data.path.slice(-MOST_OF_PART / 2)] : [focus];
  const chosen = new Set(began.length ? began : linked.slice(0, 1));
  const few = (tasks) => (tasks.length > HUB ? [] : tasks);
  const hub = (task) => Math.max(TR.needs[task].length, TR.feeds[task].length) > HUB;
  const closest = (task) => [...TR.needs[task]].sort((one, other) => TR.spent(other) - TR.spent(one));
  let edge = [...chosen];
  for (let far = 0; far < 3 && edge.length; far++) {
    const next = [];
    for (const task of edge) for (const other of [...few(closest(task)), ...(focus === undefined ? [] : few(TR.feeds[task]))]) {
      if (chosen.has(other) || chosen.size >= MOST_OF_PART || hub(other)) continue;
      chosen.add(other);
      next.push(other);
    }
    edge = next;
  }
  const around = focus === undefined ? "the end of the critical path, what failed, and what they wait for" : `around ${TR.name(focus)}`;
  return [[...chosen].sort((one, other) => one - other), `${TR.count(chosen.size, "task")} of ${linked.length.toLocaleString("en")}: ${around}.`];
};

const short = (name) => (name.length <= WIDEST ? name : `${name.slice(0, 10)}\u2026${name.slice(-(WIDEST - 11))}`);

const fit = (frame, scale) => {
  const picture = frame.firstElementChild;
  if (!picture) return;
  picture.setAttribute("width", picture.dataset.width * scale);
  picture.setAttribute("height", picture.dataset.height * scale);
};

const picture = (tasks, focus) => {
  const layout = new dagre.graphlib.Graph();
  layout.setGraph({ rankdir: "LR", nodesep: 10, ranksep: 44, marginx: 8, marginy: 8, ranker: "network-simplex" });
  layout.setDefaultEdgeLabel(() => ({}));
  for (const task of tasks) layout.setNode(String(task), { width: short(TR.name(task)).length * 7.4 + 34, height: 30 });
  const inside = new Set(tasks);
  for (const task of tasks) for (const on of TR.needs[task]) if (inside.has(on)) layout.setEdge(String(on), String(task));
  dagre.layout(layout);
  const { width, height } = layout.graph();
  const svg = TR.svg("svg", {
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    "data-width": width,
    "data-height": height,
    role: "group",
    "aria-label": "Graph of tasks",
  });
  svg.append(TR.svg("defs", {}, arrow("arrow"), arrow("arrow-critical")));
  const follows = new Set(TR.data.path.slice(1).map((task, at) => `${TR.data.path[at]}>${task}`));
  for (const { v, w } of layout.edges()) {
    const points = layout.edge(v, w).points;
    const critical = follows.has(`${v}>${w}`);
    svg.append(TR.svg("path", { d: curve(points), class: critical ? "edge critical" : "edge", "marker-end": `url(#${critical ? "arrow-critical" : "arrow"})` }));
  }
  const first = focus !== undefined ? focus : tasks.find((task) => TR.path.has(task)) ?? tasks[0];
  const nodes = new Map();
  for (const task of tasks) {
    const { x, y, width: wide, height: high } = layout.node(String(task));
    const state = TR.state(task);
    const took = TR.ran(task) ? `, ${TR.seconds(TR.data.tasks.seconds[task])}` : "";
    const node = TR.svg(
      "g",
      {
        class: `node ${state}${TR.path.has(task) ? " critical" : ""}${task === focus ? " focus" : ""}`,
        transform: `translate(${x - wide / 2} ${y - high / 2})`,
        tabindex: task === first ? "0" : "-1",
        role: "button",
        "aria-label": `${TR.name(task)}, ${TR.said(state)}${took}${TR.path.has(task) ? ", on the critical path" : ""}`,
      },
      TR.svg("title", {}, `${TR.name(task)}: ${TR.said(state)}${took}`),
      TR.svg("rect", { width: wide, height: high, rx: 5 }),
      TR.svg("text", { x: 10, y: high / 2, "dominant-baseline": "central", "aria-hidden": "true" }, TR.svg("tspan", { class: "sign" }, `${TR.sign(state)} `), short(TR.name(task))),
    );
    node.addEventListener("click", () => TR.show(task));
    nodes.set(task, { node, x, y });
    svg.append(node);
  }
  walk(svg, nodes);
  return svg;
};

const arrow = (id) =>
  TR.svg("marker", { id, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto", markerUnits: "userSpaceOnUse", class: id }, TR.svg("path", { d: "M0 0L8 4L0 8z" }));

const curve = (points) => {
  const [first, ...rest] = points;
  let text = `M${first.x} ${first.y}`;
  for (let at = 0; at < rest.length - 1; at++) {
    const [here, next] = [rest[at], rest[at + 1]];
    const last = at === rest.length - 2;
    text += `Q${here.x} ${here.y} ${last ? next.x : (here.x + next.x) / 2} ${last ? next.y : (here.y + next.y) / 2}`;
  }
  return rest.length === 1 ? `${text}L${rest[0].x} ${rest[0].y}` : text;
};

/* One stop of the tab key for all; arrow keys go along edges, up and down to the next one of about the same column. */
const walk = (svg, nodes) => {
  const focus = (task) => {
    for (const { node } of nodes.values()) node.setAttribute("tabindex", "-1");
    const { node } = nodes.get(task);
    node.setAttribute("tabindex", "0");
    node.focus();
    node.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
  const nearest = (tasks, here) => {
    const there = tasks.filter((task) => nodes.has(task));
    there.sort((one, other) => TR.path.has(other) - TR.path.has(one) || Math.abs(nodes.get(one).y - here.y) - Math.abs(nodes.get(other).y - here.y));
    return there[0];
  };
  const column = (here, by) => {
    const [, found] = [...nodes].map(([task, at]) => [(at.y - here.y) * by, task, Math.abs(at.x - here.x)]).filter(([away, , aside]) => away > 0 && aside < 120).sort((one, other) => one[0] - other[0])[0] || [];
    return found;
  };
  svg.addEventListener("keydown", (event) => {
    const found = [...nodes].find(([, { node }]) => node === event.target);
    if (!found) return;
    const [task, here] = found;
    const next = {
      ArrowLeft: () => nearest(TR.needs[task], here),
      ArrowRight: () => nearest(TR.feeds[task], here),
      ArrowUp: () => column(here, -1),
      ArrowDown: () => column(here, 1),
    }[event.key];
    if (next) {
      event.preventDefault();
      const other = next();
      if (other !== undefined) focus(other);
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      TR.show(task);
    }
  });
};
