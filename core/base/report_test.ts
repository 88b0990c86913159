import assert from "node:assert/strict";
import fc from "fast-check";
import type { Diagnostic } from "./diagnostic.ts";
import { COLOUR, githubAnnotations, PLAIN, renderDiagnostic, renderText, reportJson } from "./report.ts";

function at(text: string, start: number, end: number, extra: Partial<Diagnostic> = {}): Diagnostic {
  const source = { path: "port.pg", text };
  return {
    code: "T1",
    severity: "error",
    message: "wrong",
    path: "port.pg",
    span: { start, end },
    source,
    ...extra,
  };
}

const PLACELESS: Diagnostic = {
  code: "policy_missing_applies_to",
  severity: "warning",
  message: "policy `gate` is bound to nothing",
  path: "policies.gate",
  help: "name a graph",
};

Deno.test("report: text shows place, source line, marks below the span and help", () => {
  assert.equal(
    renderDiagnostic(at("a\nb: Strng\n", 5, 10, { help: "did you mean `String`?" })),
    [
      "error[T1]: wrong",
      "  --> port.pg:2:4",
      "  |",
      "2 | b: Strng",
      "  |    ^^^^^",
      "  help: did you mean `String`?",
    ].join("\n"),
  );
  assert.equal(
    renderDiagnostic(PLACELESS),
    [
      "warning[policy_missing_applies_to]: policy `gate` is bound to nothing",
      "  --> policies.gate",
      "  help: name a graph",
    ].join("\n"),
  );
});

Deno.test("report: a span over several lines is marked on its first, an empty one by one mark", () => {
  assert.ok(renderDiagnostic(at("ab\ncd\n", 1, 5)).endsWith("1 | ab\n  |  ^"));
  assert.ok(renderDiagnostic(at("ab\r\ncd", 6, 6)).endsWith("2 | cd\n  |   ^"));
});

Deno.test("report: a long line is cut around the marks", () => {
  const text = renderDiagnostic(at("x".repeat(5000) + "BAD" + "y".repeat(5000), 5000, 5003));
  const [, , , line, marks] = text.split("\n");
  assert.ok(line!.length < 300 && line!.includes("BAD"));
  assert.equal(marks!.indexOf("^"), line!.indexOf("BAD"));
  assert.ok(text.includes("port.pg:1:5001"));
});

Deno.test("report: control characters of the source never reach the terminal", () => {
  const text = renderDiagnostic(
    at("a\x1b[31mb\u009bc\u202ed", 0, 1, { message: "found `\x1b]0;x\x07`\nnext" }),
  );
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(text.replaceAll("\n", ""), /[\u0000-\u001f\u007f-\u009f\u202e]/);
  assert.equal(text.split("\n").length, 5);
});

Deno.test("report: colour adds nothing but colour, and only when asked", () => {
  const words = fc.string({ maxLength: 60 });
  fc.assert(fc.property(words, fc.nat(60), fc.nat(60), (text, start, length) => {
    const from = Math.min(start, text.length);
    const diagnostic = at(text, from, Math.min(text.length, from + length));
    const plain = renderText(diagnostic, PLAIN);
    // deno-lint-ignore no-control-regex
    assert.equal(renderText(diagnostic, COLOUR).replace(/\x1b\[[0-9;]*m/g, ""), plain);
    assert.ok(!plain.includes("\x1b"));
  }));
});

Deno.test("report: JSON has code, severity, path, message, and the place where there is one", () => {
  assert.deepEqual(reportJson(at("a\nb: Strng\n", 5, 10, { help: "look" })), {
    code: "T1",
    severity: "error",
    path: "port.pg",
    message: "wrong",
    line: 2,
    column: 4,
    end_line: 2,
    end_column: 9,
    help: "look",
  });
  assert.deepEqual(reportJson({ ...PLACELESS, source: { path: "conf/cluster.yaml", text: "" } }), {
    code: "policy_missing_applies_to",
    severity: "warning",
    path: "policies.gate",
    message: "policy `gate` is bound to nothing",
    file: "conf/cluster.yaml",
    help: "name a graph",
  });
});

Deno.test("report: annotations escape what ends a workflow command or a property", () => {
  const odd = at("ab", 0, 2, { message: "50% of\r\n`a::b,c`" });
  const source = { path: "a,b:c%.gq", text: "ab" };
  assert.deepEqual(githubAnnotations([{ ...odd, source, code: "T1" }, PLACELESS]), [
    "::error file=a%2Cb%3Ac%25.gq,line=1,col=1,endLine=1,endColumn=3,title=T1::50%25 of%0D%0A`a::b,c`",
    "::warning title=policy_missing_applies_to::policies.gate: policy `gate` is bound to nothing%0Aname a graph",
  ]);
});

Deno.test("report: at most ten annotations of each level are printed, the first ones", () => {
  const many = Array.from({ length: 30 }, (_, i) => ({
    ...PLACELESS,
    severity: i % 2 === 0 ? "error" as const : "warning" as const,
    code: `c${i}`,
  }));
  const lines = githubAnnotations(many);
  assert.deepEqual(
    lines.map((line) => /title=(c\d+)/.exec(line)?.[1]),
    many.slice(0, 20).map(({ code }) => code),
  );
});
