/** Label selectors, the ports of policies' rules and equality, as the API server understands them. */
import type { LabelSelector, PolicyRule } from "./shapes.ts";

type Labels = Readonly<Record<string, string>>;

/** An empty selector matches everything; an absent one is the caller's to interpret. */
export function matches(selector: LabelSelector, labels: Labels = {}): boolean {
  const exact = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  return exact && (selector.matchExpressions ?? []).every((expression) => holds(expression, labels));
}

function holds(
  { key, operator, values = [] }: NonNullable<LabelSelector["matchExpressions"]>[number],
  labels: Labels,
): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    default:
      // Not an operator that we know: taken to match, so that no policy is overlooked.
      return true;
  }
}

/** Whether a policy's rule is about this TCP port of a container, by its number or its name. */
export function opensPort({ ports }: PolicyRule, wanted: { number: number; name: string }): boolean {
  if (ports === undefined || ports.length === 0) return true;
  return ports.some(({ protocol = "TCP", port, endPort }) => {
    if (protocol !== "TCP") return false;
    if (port === undefined || port === wanted.name || port === wanted.number) return true;
    return typeof port === "number" && endPort !== undefined && port <= wanted.number && wanted.number <= endPort;
  });
}

/** Equal as JSON, whatever the order of the keys. */
export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [Object.entries(a), Object.entries(b)];
  return (
    left.length === right.length &&
    left.every(([key, value]) => Object.hasOwn(b, key) && equal(value, (b as Labels)[key]))
  );
}
