import assert from "node:assert/strict";
import { test } from "node:test";
import { render } from "@example/markup";

test("headings get an anchor", () => assert.equal(render("# Hello *you*"), '<h1 id="hello-you">Hello <i>you</i></h1>'));
test("paragraphs are escaped", () => assert.equal(render("1 < 2\n\n**so**"), "<p>1 &lt; 2</p>\n<p><b>so</b></p>"));
