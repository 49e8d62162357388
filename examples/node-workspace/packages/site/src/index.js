import { render } from "@example/markup";

export function page(title, source) {
  return `<!doctype html>\n<title>${title}</title>\n${render(source)}\n`;
}
