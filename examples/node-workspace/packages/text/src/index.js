export { escape } from "./escape.js";
export { slug } from "./slug.js";
