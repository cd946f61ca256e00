/** One form for what is wanted: no nulls, keys in order, so that equal wishes have equal text and equal hash. */
import { createHash } from "node:crypto";
import type { KubeObject } from "../objects.ts";

/**
 * Without null and undefined. Empty maps and lists stay: `podSelector: {}` and `ingress: []` mean something, and only
 * what is said is owned, so that somebody else's addition is undone.
 */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((item) => item !== null && item !== undefined).map(withoutNulls);
  if (!isMap(value)) return value;
  const kept: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value))
    if (item !== null && item !== undefined) kept[key] = withoutNulls(item);
  return kept;
}

export function canonicalObject(object: KubeObject): KubeObject {
  return withoutNulls(object) as KubeObject;
}

export function stableText(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => {
    if (!isMap(item)) return item;
    return Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  });
}

export function hashOf(value: unknown): string {
  return createHash("sha256").update(stableText(value)).digest("hex").slice(0, 16);
}

/** The same meaning: key order, nulls, and empty against absent do not count. */
export function sameMeaning(a: unknown, b: unknown): boolean {
  return stableText(withoutEmpty(a)) === stableText(withoutEmpty(b));
}

function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map((item) => withoutEmpty(item) ?? {});
  if (!isMap(value)) return value === null ? undefined : value;
  const kept = Object.entries(value)
    .map(([key, item]) => [key, withoutEmpty(item)] as const)
    .filter(([, item]) => item !== undefined);
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
