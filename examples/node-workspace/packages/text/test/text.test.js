import assert from "node:assert/strict";
import { test } from "node:test";
import { escape, slug } from "@example/text";

test("signs of HTML are escaped", () => assert.equal(escape('<a & "b">'), "&lt;a &amp; &quot;b&quot;&gt;"));
test("a slug is plain", () => assert.equal(slug("  Crème brûlée, twice! "), "creme-brulee-twice"));
