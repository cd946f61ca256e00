/**
 * What each sample becomes, as YAML that can be read in review: one file for each kind. After a wished change run the
 * test with UPDATE_GOLDEN=1 and read the difference.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import type { Desired } from "../src/hops/hop.ts";
import { path } from "../src/hops/index.ts";
import { claimsOf } from "../src/webflow/claims.ts";
import { complete } from "../src/webflow/complete.ts";
import type { Flow, WebFlow, WebFlowClass } from "../src/webflow/types.ts";
import { Cluster } from "./cluster-builder.ts";

const root = fileURLToPath(new URL("golden/", import.meta.url));
const inputs = ["flow.yaml", "class.yaml"];
const samples = readdirSync(root);

const read = <T>(file: string): T => parse(readFileSync(file, "utf8")) as T;

function flowOf(sample: string): Flow {
  const raw = read<WebFlow>(`${root}${sample}/flow.yaml`);
  const file = `${root}${sample}/class.yaml`;
  const klass = existsSync(file) ? read<WebFlowClass>(file) : undefined;
  return complete(raw, klass, claimsOf([raw]), { dnsMode: "Delegated" });
}

/** File name to text. */
function rendered(wishes: readonly Desired[]): Map<string, string> {
  const kinds = Map.groupBy(wishes, ({ kind }) => `${kind.kind}.yaml`);
  const text = ({ object }: Desired) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false });
  return new Map([...kinds].map(([file, each]) => [file, each.map(text).join("---\n")]));
}

describe.each(samples)("sample %s", (sample) => {
  const flow = flowOf(sample);
  const wanted = rendered(path.flatMap((hop) => hop.desire?.(flow, new Cluster(flow).seen) ?? []));
  const golden = () => readdirSync(`${root}${sample}`).filter((file) => !inputs.includes(file));

  if (process.env.UPDATE_GOLDEN === "1") {
    for (const file of golden()) rmSync(`${root}${sample}/${file}`);
    for (const [file, text] of wanted) writeFileSync(`${root}${sample}/${file}`, text);
  }

  it("has no fault", () => {
    expect(flow.faults).toEqual([]);
  });

  it("becomes objects of the kinds that were reviewed, and of no others", () => {
    expect(golden().sort()).toEqual([...wanted.keys()].sort());
  });

  it.each([...wanted])("becomes the reviewed %s", (file, text) => {
    expect(text).toBe(readFileSync(`${root}${sample}/${file}`, "utf8"));
  });
});
