import assert from "node:assert/strict";
import {
  parseBranchParameter,
  parseChangeRequest,
  parseInvocation,
  parseLoadParameters,
  parseLoadRequest,
  parseQueryRequest,
  parseReadRequest,
} from "./requests.ts";

function refusal(pattern: RegExp): { code: string; message: RegExp } {
  return { code: "invalid_input", message: pattern };
}

Deno.test("parseQueryRequest() trims branches, drops unknown members and reads null as absent", () => {
  const text = '{"query":"q","name":null,"params":null,"branch":" main ","verbose":true}';
  const { source, name, params, branch, snapshot } = parseQueryRequest(text);
  assert.deepEqual(
    { source, name, params, branch, snapshot },
    { source: "q", name: undefined, params: undefined, branch: "main", snapshot: undefined },
  );
  assert.equal("verbose" in parseQueryRequest(text), false);
});

Deno.test("parameters keep all digits of 64-bit integers", () => {
  assert.deepEqual(parseInvocation('{"params":{"n":9223372036854775807}}').params, {
    n: 9223372036854775807n,
  });
});

Deno.test("parseQueryRequest() names what is missing or of the wrong kind", () => {
  assert.throws(() => parseQueryRequest("{}"), refusal(/`query` is missing/));
  assert.throws(() => parseQueryRequest('{"query":1}'), refusal(/`query` must be a string/));
  assert.throws(
    () => parseQueryRequest('{"query":"q","params":[1]}'),
    refusal(/`params` is not valid: params must be a JSON object/),
  );
  assert.throws(() => parseQueryRequest('{"query":"q","branch":" "}'), refusal(/`branch` must not be empty/));
  assert.throws(
    () => parseQueryRequest('{"query":"q","branch":"\\ud800"}'),
    refusal(/`branch` holds half of a surrogate pair/),
  );
  assert.throws(() => parseQueryRequest("[]"), refusal(/it must be an object/));
  assert.throws(() => parseQueryRequest('{"query":"q"'), refusal(/JSON/));
});

Deno.test("parseReadRequest() and parseChangeRequest() take the former member names", () => {
  assert.equal(parseReadRequest('{"query_source":"q","query_name":"n"}').name, "n");
  const change = parseChangeRequest('{"query_source":"q","query_name":"n","branch":"b"}');
  assert.deepEqual([change.source, change.name, change.branch], ["q", "n", "b"]);
  assert.equal(parseChangeRequest('{"query":"new","query_source":"old"}').source, "new");
  assert.throws(() => parseChangeRequest("{}"), refusal(/`query` is missing/));
});

Deno.test("parseInvocation() takes no body, null and an empty object; anything malformed is named", () => {
  for (const text of ["", "  \n", "null", "{}"]) assert.equal(parseInvocation(text).params, undefined);
  for (const text of ["{", "[]", "1", '{"params":1}', '{"expect_mutation":"yes"}']) {
    assert.throws(() => parseInvocation(text), refusal(/^invalid stored-query invocation body/));
  }
});

Deno.test("parseLoadRequest() knows the three modes", () => {
  assert.equal(parseLoadRequest('{"data":"","mode":"append"}').mode, "append");
  assert.throws(
    () => parseLoadRequest('{"data":"","mode":"replace"}'),
    refusal(/`mode` must be one of 'merge'/),
  );
  assert.throws(() => parseLoadRequest("{}"), refusal(/`data` is missing/));
});

Deno.test("parseLoadRequest() refuses text that UTF-8 cannot express instead of changing it", () => {
  assert.throws(
    () => parseLoadRequest('{"data":"\\udc00"}'),
    refusal(/`data` holds half of a surrogate pair/),
  );
  assert.equal(parseLoadRequest('{"data":"\\ud83d\\ude00"}').data, "😀");
});

Deno.test("query parameters: unknown ones are ignored, branch names trimmed", () => {
  const search = new URLSearchParams("branch=%20draft%20&mode=overwrite&x=1");
  const { branch, mode, from } = parseLoadParameters(search);
  assert.deepEqual([branch, mode, from], ["draft", "overwrite", undefined]);
  assert.equal(parseBranchParameter(new URLSearchParams("other=1")), undefined);
  assert.throws(() => parseBranchParameter(new URLSearchParams("branch=")), refusal(/must not be empty/));
});
