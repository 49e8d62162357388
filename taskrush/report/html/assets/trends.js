"use strict";
/* How long runs, or one of their tasks, took in the past: a line by uPlot, and the same as a table. */
TR.trends = () => {
  const { runs, tasks } = TR.data.trends;
  if (runs.length < 2) return;
  const section = TR.section("trends", "Trends", `This run and the ${runs.length - 1} before it, the oldest on the left.`);
  const choices = Object.keys(tasks).map(Number).sort((one, other) => TR.data.tasks.seconds[other] - TR.data.tasks.seconds[one]);
  const what = TR.el("select", { id: "trend-of" }, TR.el("option", { value: "" }, "the whole run"), choices.map((task) => TR.el("option", { value: task }, TR.name(task))));
  const chart = TR.el("div", { class: "chart", id: "trend" });
  const told = TR.el("p", { class: "told", role: "status", id: "trend-told" });
  const table = TR.el("div");
  section.append(TR.el("div", { class: "tools" }, TR.el("label", { for: "trend-of" }, "Time of "), what), chart, told, TR.el("details", {}, TR.el("summary", {}, "As a table"), table));
  let plot = null;
  const of = () => (what.value === "" ? runs.map((run) => run[2]) : tasks[what.value]);
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
          { ...axis, incrs: [1, 2, 5, 10, 20, 50], values: (u, splits) => splits.map((at) => (runs[at] ? new Date(runs[at][1] * 1000).toLocaleDateString(undefined, { month: "short", day: "numeric" }) : "")), space: 70 },
          { ...axis, size: 64, values: (u, splits) => splits.map((one) => (one ? TR.seconds(one) : "0")) },
        ],
        series: [
          {},
          { label: "took", stroke: line, width: 2, spanGaps: true, points: { ...dots, stroke: line, fill: line } },
          { label: "failed", stroke: bad, paths: () => null, points: { ...dots, size: 11, stroke: bad, fill: bad } },
          { label: "usual", stroke: TR.colour("soft"), width: 1, dash: [5, 5], points: { show: false } },
        ],
        hooks: { setCursor: [(u) => u.cursor.idx !== null && u.cursor.idx !== undefined && (told.textContent = word(u.cursor.idx, values[u.cursor.idx]))] },
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
  TR.drawn.push(make);
  let before = chart.clientWidth;
  new ResizeObserver(() => {
    if (chart.clientWidth === before) return;
    before = chart.clientWidth;
    plot.setSize({ width: before, height: 240 });
  }).observe(chart);
};
