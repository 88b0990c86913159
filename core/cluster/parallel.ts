/** Runs independent work a few pieces at a time. */

/** Results in job order; the first failure is thrown. */
export async function runJobs<Result>(
  jobs: readonly (() => Promise<Result>)[],
  limit = 8,
): Promise<Result[]> {
  const results: Result[] = new Array(jobs.length);
  let next = 0;
  const worker = async () => {
    for (let at = next++; at < jobs.length; at = next++) results[at] = await jobs[at]!();
  };
  await Promise.all(Array.from({ length: Math.min(limit, jobs.length) }, worker));
  return results;
}
