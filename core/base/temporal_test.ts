import assert from "node:assert/strict";
import fc from "fast-check";
import { formatDate, formatDateTime, parseDate, parseDateTime } from "./temporal.ts";

Deno.test("parseDate() reads days and the UTC day of timestamps", () => {
  assert.equal(parseDate("1970-01-01"), 0);
  assert.equal(parseDate("2024-05-01"), 19844);
  assert.equal(parseDate("1969-12-31"), -1);
  assert.equal(parseDate("2024-05-01T23:30:00-02:00"), 19845);
  assert.equal(parseDate("2024-05-01 00:30:00+02:00"), 19843);
});

Deno.test("parseDateTime() cuts fractions, applies zones and takes plain dates", () => {
  assert.equal(parseDateTime("2024-05-01 10:00:00.1239+02:00"), Date.UTC(2024, 4, 1, 8, 0, 0, 123));
  assert.equal(parseDateTime("2024-05-01"), Date.UTC(2024, 4, 1));
  assert.equal(parseDateTime("2024-05-01T10:00:00"), Date.UTC(2024, 4, 1, 10));
  assert.equal(parseDateTime("2024-05-01t10:00:00.5z"), Date.UTC(2024, 4, 1, 10, 0, 0, 500));
  assert.equal(parseDateTime("1969-12-31T23:59:59.9999Z"), -1);
  assert.equal(parseDateTime("2016-12-31T23:59:60Z"), Date.UTC(2017, 0, 1));
  assert.equal(parseDateTime("2017-01-01T05:29:60+05:30"), Date.UTC(2017, 0, 1));
});

Deno.test("parseDate() and parseDateTime() refuse what is not a day or an instant", () => {
  const wrong = [
    "",
    "2024",
    "2024-5-1",
    "2024-13-01",
    "2024-00-10",
    "2024-04-31",
    "2023-02-29",
    "1900-02-29",
    "2024-05-01T",
    "2024-05-01T10:00",
    "2024-05-01T10:00:00.",
    "2024-05-01T24:00:00",
    "2024-05-01T10:60:00",
    "2024-05-01T10:00:60",
    "2024-05-01T10:00:00+2:00",
    "2024-05-01T10:00:00+0200",
    "2024-05-01T10:00:00Z ",
    " 2024-05-01",
    "2024-05-01x",
    "20240501",
    "12024-01-01",
    "+9999999-01-01",
    "-24-01-01",
    "٢٠٢٤-01-01",
  ];
  for (const text of wrong) {
    assert.equal(parseDate(text), null, text);
    assert.equal(parseDateTime(text), null, text);
  }
});

Deno.test("formatDate() and formatDateTime() write the JSON forms", () => {
  assert.equal(formatDate(19844), "2024-05-01");
  assert.equal(formatDateTime(Date.UTC(2024, 4, 1, 8, 0, 0, 123)), "2024-05-01T08:00:00.123Z");
  assert.equal(formatDateTime(-1), "1969-12-31T23:59:59.999Z");
  assert.equal(formatDate(-719_529), "-0001-12-31");
  assert.equal(formatDate(2_932_897), "+10000-01-01");
});

Deno.test("dates and instants agree with the calendar of the platform", () => {
  const day = fc.integer({ min: -719_528, max: 2_932_896 });
  fc.assert(fc.property(day, (days) => {
    assert.equal(formatDate(days), new Date(days * 86_400_000).toISOString().slice(0, 10));
  }));
  fc.assert(fc.property(fc.integer({ min: -62_167_219_200_000, max: 253_402_300_799_999 }), (ms) => {
    assert.equal(formatDateTime(ms), new Date(ms).toISOString());
  }));
});

Deno.test("every date and instant survives writing and reading", () => {
  fc.assert(fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), (days) => {
    assert.equal(parseDate(formatDate(days)), days);
  }));
  fc.assert(fc.property(fc.integer({ min: -(10 ** 15), max: 10 ** 15 }), (ms) => {
    assert.equal(parseDateTime(formatDateTime(ms)), ms);
  }));
});
