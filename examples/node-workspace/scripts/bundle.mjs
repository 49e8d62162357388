// Bundles ES modules: `node bundle.mjs src/index.js dist/index.js`. Relative imports are taken in, packages stay imports.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";

const [entry, output] = process.argv.slice(2).map((path) => resolve(path));
const done = new Set();
const packages = new Set();
const parts = [];

function take(path) {
  if (done.has(path)) return;
  done.add(path);
  const body = [];
  for (const line of readFileSync(path, "utf8").split("\n")) {
    const found = line.match(/^(?:import|export) .*from "(.+)";$/);
    if (!found) body.push(path === entry ? line : line.replace(/^export (?=function|const|class)/, ""));
    else if (!found[1].startsWith(".")) packages.add(line);
    else {
      take(resolve(dirname(path), found[1]));
      if (line.startsWith("export")) body.push(line.replace(/ from .*/, ";"));
    }
  }
  parts.push(`// ${relative(dirname(entry), path)}\n${body.join("\n").trim()}\n`);
}

take(entry);
mkdirSync(dirname(output), { recursive: true });
writeFileSync(output, [...packages, ...parts].join("\n"));
console.log(`${relative(process.cwd(), output)}: ${done.size} modules`);
