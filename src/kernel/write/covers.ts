/**
 * Is what is wanted there? Every wanted field must be found with the wanted value; what others added beside it may
 * stay, except where an addition changes the meaning: selectors, and a whole NetworkPolicy, must be exactly as wanted.
 * Lists that the API merges by a key are matched by it; all others must have the same items in the same order.
 */
import type { KubeObject } from "../objects.ts";
import { isMap, stableText } from "./canonical.ts";
import { sameQuantity } from "./quantity.ts";

/** Lists merged by a key, by the name of their field; of several keys the first that fits all wanted items. */
const mergeKeys: Readonly<Record<string, readonly (readonly string[])[]>> = {
  containers: [["name"]],
  initContainers: [["name"]],
  ephemeralContainers: [["name"]],
  env: [["name"]],
  volumes: [["name"]],
  volumeMounts: [["mountPath"]],
  volumeDevices: [["devicePath"]],
  ports: [
    ["containerPort", "protocol"],
    ["port", "protocol"],
  ],
  imagePullSecrets: [["name"]],
  secrets: [["name"]],
  hostAliases: [["ip"]],
  topologySpreadConstraints: [["topologyKey", "whenUnsatisfiable"]],
  ownerReferences: [["uid"]],
  conditions: [["type"]],
};

/** Fields whose meaning any addition changes. */
const exactFields = new Set(["selector", "podSelector", "namespaceSelector", "labelSelector", "nodeSelector"]);
/** Fields that the server fills in where they were not said, also in what must be exact. */
const filledIn = new Set(["protocol", "policyTypes"]);
const quantityFields = new Set([
  "requests",
  "limits",
  "sizeLimit",
  "divisor",
  "averageValue",
  "capacity",
  "hard",
  "default",
  "defaultRequest",
]);
/** Metadata that can be wanted; the rest is the server's. */
const metadataFields = ["labels", "annotations", "ownerReferences", "finalizers"];

interface Mode {
  exact: boolean;
  quantity: boolean;
}

/** The path of the first wanted field that is not there as wanted; undefined when all are. */
export function uncovered(live: KubeObject, desired: KubeObject): string | undefined {
  for (const field of metadataFields) {
    const wanted = (desired.metadata as unknown as Record<string, unknown>)[field];
    const there = (live.metadata as unknown as Record<string, unknown>)[field];
    const path = differs(there, wanted, `metadata.${field}`, field, { exact: false, quantity: false });
    if (path !== undefined) return path;
  }
  for (const [field, wanted] of Object.entries(desired)) {
    if (field === "apiVersion" || field === "kind" || field === "metadata") continue;
    const exact = desired.kind === "NetworkPolicy" && field === "spec";
    const path = differs(live[field], wanted, field, field, { exact, quantity: false });
    if (path !== undefined) return path;
  }
  return undefined;
}

export function covers(live: KubeObject, desired: KubeObject): boolean {
  return uncovered(live, desired) === undefined;
}

function differs(there: unknown, wanted: unknown, path: string, field: string, mode: Mode): string | undefined {
  if (wanted === null || wanted === undefined) return undefined;
  if (Array.isArray(wanted)) return listDiffers(there, wanted, path, field, mode);
  if (isMap(wanted)) return mapDiffers(there, wanted, path, field, mode);
  if (there === wanted) return undefined;
  return (mode.quantity || quantityFields.has(field)) && sameQuantity(there, wanted) ? undefined : path;
}

function mapDiffers(
  there: unknown,
  wanted: Record<string, unknown>,
  path: string,
  field: string,
  mode: Mode,
): string | undefined {
  if (!isMap(there)) return path;
  const below = { exact: mode.exact || exactFields.has(field), quantity: mode.quantity || quantityFields.has(field) };
  for (const [key, value] of Object.entries(wanted)) {
    const found = differs(there[key], value, `${path}.${key}`, key, below);
    if (found !== undefined) return found;
  }
  if (!below.exact) return undefined;
  const added = Object.keys(there).find((key) => !(key in wanted) && !filledIn.has(key) && !isEmpty(there[key]));
  return added === undefined ? undefined : `${path}.${added}`;
}

/** Empty lists are as good as absent; an empty map is not: `namespaceSelector: {}` lets everybody in. */
function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || (Array.isArray(value) && value.length === 0);
}

function listDiffers(there: unknown, wanted: unknown[], path: string, field: string, mode: Mode): string | undefined {
  if (wanted.length === 0 && isEmpty(there)) return undefined;
  if (!Array.isArray(there)) return path;
  const keys = mode.exact || wanted.length === 0 ? undefined : keysFor(field, wanted);
  if (keys === undefined) {
    if (there.length !== wanted.length) return path;
    return first(wanted, (item, index) => differs(there[index], item, `${path}[${index}]`, field, mode));
  }
  const byKey = new Map(there.map((item) => [keyText(item, keys), item]));
  return first(wanted, (item) => {
    const key = keyText(item, keys);
    return byKey.has(key) ? differs(byKey.get(key), item, `${path}[${key}]`, field, mode) : `${path}[${key}]`;
  });
}

function keysFor(field: string, wanted: readonly unknown[]): readonly string[] | undefined {
  return mergeKeys[field]?.find((keys) => {
    const [main = ""] = keys;
    const unique = new Set(wanted.map((item) => keyText(item, keys))).size === wanted.length;
    return unique && wanted.every((item) => isMap(item) && item[main] !== undefined);
  });
}

function keyText(item: unknown, keys: readonly string[]): string {
  if (!isMap(item)) return "";
  return keys.map((key) => String(item[key] ?? (key === "protocol" ? "TCP" : ""))).join("/");
}

function first<Item>(
  items: readonly Item[],
  test: (item: Item, index: number) => string | undefined,
): string | undefined {
  for (const [index, item] of items.entries()) {
    const found = test(item, index);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The live values behind the wanted fields, as text: an apply that did not help would not help again while it is the same. */
export function seenOf(live: KubeObject, desired: KubeObject): string {
  const metadata = metadataFields.map((field) => {
    const wanted = (desired.metadata as unknown as Record<string, unknown>)[field];
    const there = (live.metadata as unknown as Record<string, unknown>)[field];
    return isMap(wanted) && isMap(there)
      ? Object.keys(wanted).map((key) => there[key])
      : wanted === undefined
        ? undefined
        : there;
  });
  const rest = Object.keys(desired).filter((field) => !["apiVersion", "kind", "metadata"].includes(field));
  return stableText([metadata, rest.map((field) => live[field])]);
}
