"use strict";
/* When what ran: one bar a task, one row a lane. uPlot has the axes, the zoom and the cursor; the bars are its series. */
TR.timeline = () => {
  const starts = TR.data.tasks.start;
  const spans = TR.data.tasks.seconds;
  const rows = TR.data.tasks.lane;
  const tries = TR.data.attempts;
  const first = TR.all.map(TR.began);
  const ends = TR.all.map((task) => starts[task] + spans[task]);
  const ran = TR.all.filter(TR.ran).sort((one, other) => first[one] - first[other] || rows[one] - rows[other]);
  if (!ran.length) return;
  const count = Math.max(...ran.map((task) => rows[task])) + 1;
  const end = ran.reduce((latest, task) => Math.max(latest, ends[task]), TR.data.run.seconds) || 1;
  const byLane = Array.from({ length: count }, () => []);
  ran.forEach((task) => byLane[rows[task]].push(task));
  const section = TR.section(
    "timeline",
    "Timeline",
    `${TR.count(ran.length, "task")} ran in ${TR.count(count, "lane")}; a task is on the first lane that was free when it began. ` +
      "Tasks of the critical path have an outline. Drag to zoom in; a double click shows everything again.",
  );
  const tools = TR.el("div", { class: "tools", role: "toolbar", "aria-label": "Timeline" });
  const chart = TR.el("div", {
    class: "chart",
    id: "gantt",
    tabindex: "0",
    role: "application",
    "aria-roledescription": "timeline",
    "aria-label": "Timeline: left and right go from task to task, up and down change the lane, Enter shows a task, plus and minus zoom, 0 shows everything",
  });
  const told = TR.el("p", { class: "told", id: "gantt-told" }, "Choose a task: click it, or walk with the arrow keys.");
  section.append(tools, chart, told, legend(ran));
  let plot = null;
  let chosen = null;
  let hover = null;

  const bar = (u, task) => {
    const left = u.valToPos(first[task], "x", true);
    const right = u.valToPos(ends[task], "x", true);
    const top = u.valToPos(rows[task] - 0.42, "y", true);
    const bottom = u.valToPos(rows[task] + 0.42, "y", true);
    return [left, top, Math.max(right - left, 1.5 * devicePixelRatio), bottom - top];
  };

  const draw = (u) => {
    const { ctx, bbox } = u;
    const dense = devicePixelRatio;
    const colours = Object.fromEntries(Object.keys(TR.STATES).map((state) => [state, TR.colour(state)]));
    const [ink, edge, on] = [TR.colour("ink"), TR.colour("critical"), TR.colour("on-bar")];
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.font = `${11 * dense}px system-ui, sans-serif`;
    ctx.textBaseline = "middle";
    ctx.textAlign = "left";
    const { min, max } = u.scales.x;
    for (const task of ran) {
      if (first[task] > max) break;
      if (ends[task] < min) continue;
      const [x, y, width, height] = bar(u, task);
      if (tries[task]) {
        ctx.fillStyle = TR.colour("group"); // it waits for its next attempt
        ctx.fillRect(x, y + height * 0.3, width, height * 0.4);
      }
      for (const [start, seconds, state] of tries[task] || [[starts[task], spans[task], TR.state(task)]]) {
        if (start === null) continue;
        const from = u.valToPos(start, "x", true);
        ctx.fillStyle = colours[state] || ink;
        const wide = u.valToPos(start + seconds, "x", true) - from;
        ctx.fillRect(from, y, Math.max(wide > 4 * dense ? wide - dense : wide, 1.5 * dense), height);
      }
      if (TR.path.has(task) && height > 4 * dense) {
        ctx.strokeStyle = edge;
        ctx.lineWidth = 2 * dense;
        ctx.strokeRect(x + dense, y + dense, Math.max(width - 2 * dense, dense), height - 2 * dense);
      }
      const inner = Math.min(x + width, bbox.left + bbox.width) - Math.max(x, bbox.left);
      if (inner > 42 * dense && height >= 12 * dense) label(ctx, on, tries[task] ? tries[task][0][2] : TR.state(task), TR.name(task), Math.max(x, bbox.left), y, inner, height);
    }
    if (chosen !== null) {
      const [x, y, width, height] = bar(u, chosen);
      ctx.strokeStyle = ink;
      ctx.lineWidth = 3 * dense;
      ctx.strokeRect(x - 1.5 * dense, y - 1.5 * dense, width + 3 * dense, height + 3 * dense);
    }
    ctx.restore();
  };

  const label = (ctx, colour, state, name, x, y, width, height) => {
    const room = width - 12 * devicePixelRatio;
    let text = state === "succeeded" ? name : `${TR.sign(state)} ${name}`;
    const most = Math.floor((room / ctx.measureText(text).width) * text.length);
    if (most < 4) return;
    if (most < text.length) text = `${text.slice(0, most - 1)}\u2026`;
    ctx.fillStyle = colour;
    ctx.fillText(text, x + 6 * devicePixelRatio, y + height / 2);
  };

  /* The one of a lane that runs at a time, or the nearest one within a few pixels. */
  const at = (lane, time, slop) => {
    const own = byLane[lane] || [];
    let [low, high] = [0, own.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (first[own[middle]] <= time) low = middle + 1;
      else high = middle;
    }
    const away = (task) => Math.max(first[task] - time, time - ends[task], 0);
    const near = own.slice(Math.max(0, low - 1), low + 1).sort((one, other) => away(one) - away(other))[0];
    return near !== undefined && away(near) <= slop ? near : null;
  };
  const under = (event) => {
    const box = plot.over.getBoundingClientRect();
    const time = plot.posToVal(event.clientX - box.left, "x");
    const lane = Math.round(plot.posToVal(event.clientY - box.top, "y"));
    return at(lane, time, (plot.scales.x.max - plot.scales.x.min) * (5 / box.width));
  };

  const tell = (task) => {
    const parts = [TR.said(TR.state(task)), `took ${TR.seconds(TR.spent(task))}`, `began at ${TR.seconds(first[task])}`];
    if (tries[task]) parts.push(TR.count(tries[task].length, "attempt"));
    if (TR.path.has(task)) parts.push("on the critical path");
    else if (TR.get("slack", task) !== null) parts.push(`slack ${TR.seconds(TR.get("slack", task))}`);
    told.replaceChildren(TR.link(task), ` ${parts.join(", ")}`);
    return `${TR.name(task)}: ${parts.join(", ")}`;
  };
  const choose = (task) => {
    chosen = task;
    TR.announce(tell(task));
    const { min, max } = plot.scales.x;
    if (first[task] > max || ends[task] < min) move(first[task] - (max - min) / 4, max - min);
    else plot.redraw(false);
  };
  const move = (from, width) => {
    const size = Math.min(Math.max(width, end / 1e5), end);
    const start = Math.min(Math.max(from, 0), end - size);
    plot.setScale("x", { min: start, max: start + size });
  };
  const zoom = (factor) => {
    const { min, max } = plot.scales.x;
    const middle = chosen === null ? (min + max) / 2 : Math.min(Math.max((first[chosen] + ends[chosen]) / 2, min), max);
    move(middle - (middle - min) * factor, (max - min) * factor);
  };
  const pan = (part) => move(plot.scales.x.min + (plot.scales.x.max - plot.scales.x.min) * part, plot.scales.x.max - plot.scales.x.min);
  const whole = () => move(0, end);
  const step = (by) => choose(chosen === null ? ran[by > 0 ? 0 : ran.length - 1] : ran[Math.min(Math.max(ran.indexOf(chosen) + by, 0), ran.length - 1)]);
  const change = (by) => {
    if (chosen === null) return step(1);
    const middle = (first[chosen] + ends[chosen]) / 2;
    const next = at(Math.min(Math.max(rows[chosen] + by, 0), count - 1), middle, end);
    if (next !== null) choose(next);
  };
  const keys = {
    ArrowRight: () => step(1),
    ArrowLeft: () => step(-1),
    ArrowDown: () => change(1),
    ArrowUp: () => change(-1),
    Home: () => choose(ran[0]),
    End: () => choose(ran[ran.length - 1]),
    Enter: () => chosen !== null && TR.show(chosen),
    "+": () => zoom(0.5),
    "=": () => zoom(0.5),
    "-": () => zoom(2),
    0: whole,
  };
  chart.addEventListener("keydown", (event) => {
    const act = keys[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });
  const tool = (text, title, act) => TR.el("button", { type: "button", "aria-label": title, title, onclick: act }, text);
  tools.append(
    tool("+", "Zoom in", () => zoom(0.5)),
    tool("\u2212", "Zoom out", () => zoom(2)),
    tool("\u25c0", "Earlier", () => pan(-0.5)),
    tool("\u25b6", "Later", () => pan(0.5)),
    tool("Everything", "Show everything", whole),
  );

  const make = () => {
    const shown = plot ? { ...plot.scales.x } : { min: 0, max: end };
    if (plot) plot.destroy();
    const width = chart.clientWidth;
    const row = Math.max(3, Math.min(26, Math.floor(620 / count)));
    const axis = { stroke: TR.colour("soft"), grid: { stroke: TR.colour("line"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
    plot = new uPlot(
      {
        width,
        height: count * row + 48,
        legend: { show: false },
        cursor: { y: false, points: { show: false }, drag: { x: true, y: false } },
        scales: { x: { time: false, min: shown.min, max: shown.max }, y: { range: [-0.5, count - 0.5], dir: -1 } },
        axes: [
          { ...axis, size: 30, values: (u, splits) => splits.map(TR.seconds) },
          { ...axis, size: 38, space: 18, grid: { show: false }, incrs: [1, 2, 5, 10, 20, 50, 100, 500, 1000], values: (u, splits) => splits.map((lane) => (Number.isInteger(lane) && lane >= 0 && lane < count ? lane + 1 : "")) },
        ],
        series: [{}, { paths: () => null, points: { show: false } }],
        hooks: { draw: [draw] },
      },
      [ran.map((task) => first[task]), ran.map((task) => rows[task])],
      chart,
    );
    plot.setScale("x", { min: shown.min, max: shown.max });
    let down = 0;
    plot.over.addEventListener("mousedown", (event) => (down = event.clientX));
    plot.over.addEventListener("click", (event) => {
      const task = under(event);
      if (Math.abs(event.clientX - down) > 4 || task === null) return;
      const twice = task === chosen;
      choose(task);
      if (twice || event.detail === 0) TR.show(task);
    });
    plot.over.addEventListener("dblclick", whole);
    plot.over.addEventListener("mousemove", (event) => {
      const task = under(event);
      if (task === hover) return;
      hover = task;
      plot.over.classList.toggle("hit", task !== null);
      if (task !== null) tell(task);
      else if (chosen !== null) tell(chosen);
    });
  };
  make();
  TR.drawn.push(make);
  let before = chart.clientWidth;
  new ResizeObserver(() => {
    if (chart.clientWidth === before) return;
    before = chart.clientWidth;
    plot.setSize({ width: before, height: plot.height });
  }).observe(chart);
  TR.plot = () => plot;
};

const legend = (tasks) => {
  const counts = {};
  for (const task of tasks) counts[TR.state(task)] = (counts[TR.state(task)] || 0) + 1;
  return TR.el("p", { class: "legend" }, Object.entries(counts).map(([state, number]) => TR.el("span", {}, TR.badge(state), ` ${number.toLocaleString("en")}`)));
};
