// What is being done, since when, and how long it took: lines on stderr, with a sign of life for long steps.
const begun = Date.now();
const running = new Map<string, number>();
let lastLine = Date.now();

export function elapsed(since: number = begun): string {
  const seconds = Math.round((Date.now() - since) / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

export function say(text: string): void {
  lastLine = Date.now();
  process.stderr.write(`[${elapsed().padStart(11)}] ${text}\n`);
}

function tick(): void {
  if (Date.now() - lastLine < 20_000 || running.size === 0) return;
  say(`still running: ${[...running].map(([title, since]) => `${title} (${elapsed(since)})`).join(", ")}`);
}

const ticker = setInterval(tick, 5000);
ticker.unref(); // a sign of life must not keep the command alive

/** Runs one step aloud. Steps shorter than a second are said in one line. */
export async function step<T>(title: string, work: () => Promise<T>): Promise<T> {
  const since = Date.now();
  running.set(title, since);
  const first = setTimeout(() => say(`${title} ...`), 1000);
  try {
    const result = await work();
    say(`${title}: done in ${elapsed(since)}`);
    return result;
  } catch (error) {
    say(`${title}: failed after ${elapsed(since)}`);
    throw error;
  } finally {
    clearTimeout(first);
    running.delete(title);
  }
}
