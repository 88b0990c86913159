import assert from "node:assert/strict";
import { AppError } from "../errors.ts";
import { AttemptsExhausted, withAttempts } from "./s3_attempts.ts";
import { outcomeUnknown, s3Failure } from "./s3_failure.ts";
import { S3ConnectionError } from "./s3_http.ts";

const PACE = { patienceMs: 1, attemptsMax: 3, pauseMs: 1 };
const PLACE = { bucket: "quay", endpoint: "https://s3.eu-west-1.amazonaws.com", region: "eu-west-1" };

/** An error as the S3 client makes it from an answer. */
function answer(status: number, code: string): Error {
  return Object.assign(new Error("the key AKIDSECRET is wrong"), {
    name: code,
    $metadata: { httpStatusCode: status },
    $response: { headers: { authorization: "AKIDSECRET" } },
  });
}

/** Throws the errors one after the other, then succeeds; returns what each call was told. */
async function attempted(errors: readonly Error[]): Promise<{ told: boolean[]; outcome: unknown }> {
  const told: boolean[] = [];
  const outcome = await withAttempts(PACE, (uncertain) => {
    told.push(uncertain);
    const error = errors[told.length - 1];
    return error === undefined ? Promise.resolve("done") : Promise.reject(error);
  }).catch((error: unknown) => error);
  return { told, outcome };
}

Deno.test("withAttempts() says from the first doubtful answer on that the request may have been carried out", async () => {
  const cases: [Error[], boolean[]][] = [
    [[answer(503, "SlowDown"), answer(409, "ConditionalRequestConflict")], [false, false, false]],
    [[answer(429, "TooManyRequests")], [false, false]],
    [[answer(500, "InternalError"), answer(503, "SlowDown")], [false, true, true]],
    [[answer(503, "ServiceUnavailable")], [false, true]],
    [[new S3ConnectionError("no answer in time")], [false, true]],
    [[answer(200, "SyntaxError")], [false, true]],
  ];
  for (const [errors, told] of cases) {
    assert.deepEqual(
      await attempted(errors),
      { told, outcome: "done" },
      errors.map(({ name }) => name).join(),
    );
  }
});

Deno.test("withAttempts() gives up at once where trying again cannot help, and after the last attempt", async () => {
  for (
    const error of [
      answer(403, "AccessDenied"),
      answer(404, "NoSuchBucket"),
      answer(501, "NotImplemented"),
      new TypeError("x"),
    ]
  ) {
    assert.deepEqual(await attempted([error]), { told: [false], outcome: error });
  }
  const lost = new S3ConnectionError("no answer in time");
  const doubtful = (await attempted([lost, answer(403, "AccessDenied")])).outcome;
  assert.ok(doubtful instanceof AttemptsExhausted && doubtful.uncertain);
  const busy = (await attempted(Array.from({ length: 9 }, () => answer(503, "SlowDown")))).outcome;
  assert.ok(busy instanceof AttemptsExhausted && !busy.uncertain);
});

Deno.test("failures say what to do, and nothing of keys or requests", () => {
  const cases: [Error, RegExp][] = [
    [answer(404, "NoSuchBucket"), /there is no bucket `quay` at https:\/\/s3\.eu-west-1/],
    [answer(403, "AccessDenied"), /allow s3:ListBucket on `quay`/],
    [answer(403, "403"), /access was denied/],
    [answer(301, "PermanentRedirect"), /not in region eu-west-1, set AWS_REGION/],
    [answer(403, "ExpiredToken"), /have expired/],
    [answer(403, "InvalidAccessKeyId"), /check AWS_ACCESS_KEY_ID/],
    [answer(400, "<html>"), /answered an unknown error \(400\)/],
    [answer(400, "KeyTooLongError"), /answered KeyTooLongError \(400\)/],
    [new S3ConnectionError("no answer in time"), /no answer in time from https.*check AWS_ENDPOINT_URL/],
  ];
  for (const [error, message] of cases) {
    for (const told of [error, new AttemptsExhausted(error, false)]) {
      const failure = s3Failure("read", '"s3://quay/k"', PLACE, told);
      assert.ok(failure instanceof AppError && failure.code === "storage_error");
      assert.match(failure.message, /^cannot read "s3:\/\/quay\/k": /);
      assert.match(failure.message, message);
      assert.ok(!Deno.inspect(failure).includes("AKIDSECRET"), Deno.inspect(failure));
    }
  }
  const unknown = outcomeUnknown("written", '"s3://quay/k"', PLACE, answer(500, "InternalError"));
  assert.equal(unknown.code, "outcome_unknown");
  assert.match(
    unknown.message,
    /cannot tell whether "s3:\/\/quay\/k" was written: .* answered InternalError \(500\)/,
  );
});
