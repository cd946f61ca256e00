// The sample: the platform's class and the WebFlow `shop`, applied as a person would.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import type { WebFlow, WebFlowClass } from "../../src/webflow/types.ts";
import { kubectl } from "../cluster/addons/manifests.ts";
import { projectRoot } from "../cluster/paths.ts";
import type { Trust } from "./trust.ts";

const text = (name: string) => readFileSync(join(projectRoot, "manifests", "samples", "kind", name), "utf8");

export const shopYaml = () => text("shop.yaml");
export const sampleShop = () => parse(shopYaml()) as WebFlow;

export function classYaml({ certificate }: Pick<Trust, "certificate">): string {
  const sample = parse(text("class.yaml")) as WebFlowClass;
  for (const vantage of sample.spec.vantages ?? []) vantage.caBundle = certificate;
  return stringify(sample);
}

export async function applySample(own: Trust): Promise<void> {
  await kubectl(["-n", "default", "apply", "--server-side", "-f", "-"], `${classYaml(own)}---\n${shopYaml()}`);
}
