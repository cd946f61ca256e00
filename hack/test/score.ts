// Counts what vitest's JSON report tells: a test that was not run has failed, and so has a file that could not start.
export interface Score {
  passed: number;
  failed: number;
}

interface Report {
  testResults: readonly { status: string; assertionResults: readonly { status: string }[] }[];
}

export function scoreOf(report: Report): Score {
  const tests = report.testResults.flatMap((file) => file.assertionResults);
  const passed = tests.filter((test) => test.status === "passed").length;
  const brokenFiles = report.testResults.filter(
    (file) => file.status !== "passed" && !file.assertionResults.some((test) => test.status === "failed"),
  );
  return { passed, failed: tests.length - passed + brokenFiles.length };
}
