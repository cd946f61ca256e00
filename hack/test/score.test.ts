import { expect, test } from "vitest";
import { scoreOf } from "./score.ts";

const file = (status: string, ...tests: string[]) => ({
  status,
  assertionResults: tests.map((each) => ({ status: each })),
});

test("tests are counted over all files", () => {
  expect(scoreOf({ testResults: [file("passed", "passed", "passed"), file("failed", "passed", "failed")] })).toEqual({
    passed: 3,
    failed: 1,
  });
});

test("a test that was skipped or left for later has failed", () => {
  expect(scoreOf({ testResults: [file("passed", "passed", "skipped", "todo", "pending")] })).toEqual({
    passed: 1,
    failed: 3,
  });
});

test("a file that could not start has failed, though none of its tests did", () => {
  expect(scoreOf({ testResults: [file("failed"), file("failed", "passed")] })).toEqual({ passed: 1, failed: 2 });
});
