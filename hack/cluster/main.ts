// The outermost call of every command: an exit code, and an error as one message instead of a stack.
import { say } from "./progress.ts";
import { endChildren, isEnding, onStop } from "./run.ts";

export async function main(work: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await work();
  } catch (error) {
    if (isEnding()) return; // it failed because we are being stopped
    const text = error instanceof Error ? error.message : String(error);
    process.stderr.write(`webflow: ${text}\n`);
    if (process.env.WEBFLOW_TRACE && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    await endChildren(); // what else was going on, side by side with what failed, must not go on alone
    process.exit(1);
  }
}

/** For commands with work of their own under way: a signal ends all of it, and then us. */
export function stopOnSignal(): void {
  onStop((code) => {
    if (!isEnding()) say("stopping; what is done so far is kept");
    void endChildren().then(() => process.exit(code));
  });
}
