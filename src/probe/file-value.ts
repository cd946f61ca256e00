/** A small file that may be replaced while we run, as mounted Secrets are: read again when it has changed. */
import { readFileSync, statSync } from "node:fs";

/** Throws when the file is not there, empty or larger than 64 KB. */
export function fileValue(path: string): () => string {
  let known: { stamp: string; text: string } | undefined;
  return () => {
    const { mtimeMs, ino, size } = statSync(path);
    const stamp = `${mtimeMs} ${ino} ${size}`;
    if (known?.stamp === stamp) return known.text;
    if (size > 65_536) throw new Error(`${path} has ${size} bytes: at most 65536 are read`);
    const text = readFileSync(path, "utf8").trim();
    if (text === "") throw new Error(`${path} is empty: it needs a value`);
    known = { stamp, text };
    return text;
  };
}
