// The outermost call of every command: an exit code, and an error as one message instead of a stack.
export async function main(work: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await work();
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    process.stderr.write(`webflow: ${text}\n`);
    if (process.env.WEBFLOW_TRACE && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    process.exitCode = 1;
  }
}
