import assert from "node:assert/strict";
import { test } from "node:test";
import { page } from "@example/site";

test("a page is whole", () => assert.equal(page("T", "# A"), '<!doctype html>\n<title>T</title>\n<h1 id="a">A</h1>\n'));
