import { slug } from "@example/text";
import { inline } from "./inline.js";

export function render(source) {
  return source
    .trim()
    .split(/\n{2,}/)
    .map((block) => {
      const heading = block.match(/^(#+) (.*)$/);
      if (!heading) return `<p>${inline(block)}</p>`;
      const level = heading[1].length;
      return `<h${level} id="${slug(heading[2])}">${inline(heading[2])}</h${level}>`;
    })
    .join("\n");
}
