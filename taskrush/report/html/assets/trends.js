"use strict";
/* How long runs, or one of their tasks, took in the past: a line by uPlot, and the same as a table. */
TR.trends = () => {
  const { runs, tasks } = TR.data.trends;
  if (runs.length < 2) return;
  const shifts = (TR.data.profile || { shifts: [] }).shifts;
  const section = TR.section("trends", "Trends", `This run and the ${runs.length - 1} before it, the oldest on the left.`);
  const choices = Object.keys(tasks).map(Number).sort((one, other) => TR.data.tasks.seconds[other] - TR.data.tasks.seconds[one]);
  const what = TR.el("select", { id: "trend-of" }, TR.el("option", { value: "" }, "the whole run"), choices.map((task) => TR.el("option", { value: task }, TR.name(task))));
  const chart = TR.el("div", { class: "chart", id: "trend" });
  const told = TR.el("p", { class: "told", role: "status", id: "trend-told" });
  const table = TR.el("div");
  section.append(TR.el("div", { class: "tools" }, TR.el("label", { for: "trend-of" }, "Time of "), what), chart, told, TR.el("details", {}, TR.el("summary", {}, "As a table"), table));
  let plot = null;
  const of = () => (what.value === "" ? runs.map((run) => run[2]) : tasks[what.value]);
  const together = runs[runs.length - 1][1] - runs[0][1] < 86400;
  const shortly = (at) => new Date(at * 1000).toLocaleString(undefined, together ? { timeStyle: "short" } : { month: "short", day: "numeric" });
  const named = () => (what.value === "" ? TR.data.run.targets.join(" ") : TR.name(Number(what.value)));
  const word = (at, seconds) => {
    const [id, began, , ok, revision, branch] = runs[at];
    const place = [branch, revision].filter(Boolean).join(" ");
    return `${TR.day(began)}: ${seconds === null ? "did not run" : TR.seconds(seconds)}${ok ? "" : ", the run failed"}${place ? ` (${place})` : ""}, run ${id}`;
  };
  const middle = (values) => {
    const there = values.filter((one) => one !== null).sort((one, other) => one - other);
    return there[there.length >> 1];
  };
  const make = () => {
    const values = of();
    if (plot) plot.destroy();
    const usual = middle(values);
    const axis = { stroke: TR.colour("soft"), grid: { stroke: TR.colour("line"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
    const [line, bad] = [TR.colour("accent"), TR.colour("failed")];
    const dots = { show: true, size: 7, width: 1 };
    plot = new uPlot(
      {
        width: chart.clientWidth,
        height: 240,
        legend: { show: false },
        cursor: { drag: { x: false, y: false } },
        scales: { x: { time: false, range: [-0.5, runs.length - 0.5] }, y: { range: (u, low, high) => [0, (high || 1) * 1.1] } },
        axes: [
          { ...axis, size: 30, incrs: [1, 2, 5, 10, 20, 50], values: (u, splits) => splits.map((at) => (runs[at] ? shortly(runs[at][1]) : "")), space: 70 },
          { ...axis, size: 64, values: (u, splits) => splits.map((one) => (one ? TR.seconds(one) : "0")) },
        ],
        series: [
          {},
          { label: "took", stroke: line, width: 2, spanGaps: true, points: { ...dots, stroke: line, fill: line } },
          { label: "failed", stroke: bad, paths: () => null, points: { ...dots, size: 11, stroke: bad, fill: bad } },
          { label: "usual", stroke: TR.colour("soft"), width: 1, dash: [5, 5], points: { show: false } },
        ],
        hooks: {
          draw: [(u) => marks(u, shifts.filter(([name, measure, unit]) => unit === "seconds" && measure === "wall time" && name === named()).map((shift) => runs.findIndex((run) => run[0] === shift[4])))],
          setCursor: [(u) => u.cursor.idx !== null && u.cursor.idx !== undefined && (told.textContent = word(u.cursor.idx, values[u.cursor.idx]))],
        },
      },
      [runs.map((_, at) => at), values, values.map((one, at) => (runs[at][3] ? null : one)), values.map(() => usual)],
      chart,
    );
    const last = values[values.length - 1];
    const against = last !== null && usual ? Math.round((100 * (last - usual)) / usual) : null;
    told.textContent = `Usually ${TR.seconds(usual)} (the dashed line); now ${last === null ? "it did not run" : TR.seconds(last)}${against ? `, ${Math.abs(against)}% ${against > 0 ? "longer" : "shorter"}` : ""}. A large dot is a run that failed.`;
    const rows = values.map((one, at) => [TR.day(runs[at][1]), TR.seconds(one), runs[at][3] ? "ok" : "failed", [runs[at][5], runs[at][4]].filter(Boolean).join(" "), runs[at][0]]);
    table.replaceChildren(TR.table([["began"], ["took", "number"], ["the run"], ["branch"], ["run"]], rows.reverse(), "Times of past runs"));
  };
  what.addEventListener("change", make);
  make();
  if (TR.data.profile) section.append(...fared(TR.data.profile));
  TR.drawn.push(make);
  let before = chart.clientWidth;
  new ResizeObserver(() => {
    if (chart.clientWidth === before) return;
    before = chart.clientWidth;
    plot.setSize({ width: before, height: 240 });
  }).observe(chart);
};

/* A line before the run since which it is otherwise. */
const marks = (u, places) => {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.strokeStyle = TR.colour("warned");
  ctx.lineWidth = 2 * devicePixelRatio;
  for (const at of places.filter((place) => place > 0)) {
    const x = u.valToPos(at - 0.5, "x", true);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
};

const amount = (value, unit) => (unit === "share" ? `${Math.round(100 * value)}%` : unit === "bytes" ? TR.bytes(value) : TR.seconds(value));

/* The profile: percentiles, other runs to compare, and since when something is otherwise. */
const fared = ({ about, fared: rows, shifts }) => {
  const versus = (p50, base, sure) => {
    if (base === null || p50 === null) return "";
    return sure && base ? `${p50 >= base ? "+" : "\u2212"}${Math.abs(Math.round(100 * (p50 / base - 1)))}%` : "~";
  };
  const share = (value) => (value ? amount(value, "share") : "");
  const row = ([kind, name, count, p50, p90, p99, base, sure, hits, failures, peak]) => {
    const number = kind === "task" ? TR.data.tasks.name.indexOf(name) : -1;
    const label = number >= 0 ? TR.link(number) : TR.el("b", {}, TR.el("bdi", {}, kind === "run" ? `runs of ${name}` : name));
    return [label, String(count), TR.seconds(p50), TR.seconds(p90), TR.seconds(p99), versus(p50, base, sure), share(hits), share(failures), TR.bytes(peak)];
  };
  const heads = ["of", "times", "p50", "p90", "p99", "base", "hits", "failed", "memory"].map((head, at) => [head, at ? "number" : undefined]);
  const lines = shifts.slice(0, 30).map(([name, measure, unit, at, run, before, after]) => [name, measure, `${amount(before, unit)} \u2192 ${amount(after, unit)}`, TR.day(at), run]);
  return [
    TR.el("h3", {}, "Profile"),
    TR.el("p", { class: "note" }, `${about}. A tilde: no difference of which one can be sure.`),
    TR.table(heads, rows.slice(0, 60).map(row), "Profile"),
    TR.el("h3", {}, "Changes"),
    lines.length ? TR.table([["what"], ["measure"], ["before, after"], ["since"], ["run"]], lines, "Changes") : TR.el("p", { class: "note" }, "No change of which one can be sure."),
  ];
};
