/** Does an object belong to what a reflector was told to watch? Only what can be decided here with certainty is a yes. */
import type { Kind, KubeObject } from "../objects.ts";

export interface WatchSpec {
  readonly kind: Kind;
  readonly namespace?: string;
  /** Equality terms joined by commas: `a=b,c!=d,e,!f`. Set-based terms work on the server, not here. */
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Name in metrics and logs; the kind, namespace and selectors unless told. */
  readonly id?: string;
  /** The API may be absent (a CRD that is not installed): then the list is empty and asked for again now and then. */
  readonly optional?: boolean;
}

export function watchId(spec: WatchSpec): string {
  if (spec.id !== undefined) return spec.id;
  return [spec.kind.plural, spec.namespace, spec.labelSelector, spec.fieldSelector]
    .filter((part) => part !== undefined)
    .join(" ");
}

/** The spec as a query to the API server. */
export function queryOf({
  namespace,
  labelSelector,
  fieldSelector,
}: WatchSpec): Pick<WatchSpec, "namespace" | "labelSelector" | "fieldSelector"> {
  return {
    ...(namespace === undefined ? {} : { namespace }),
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
  };
}

export function selects(spec: WatchSpec, object: KubeObject): boolean {
  if (!termsOf(spec.fieldSelector ?? "").every((term) => fieldHolds(term, object))) return false;
  if (spec.namespace !== undefined && spec.namespace !== object.metadata.namespace) return false;
  if (spec.labelSelector === undefined) return true;
  return termsOf(spec.labelSelector).every((term) => holds(term, object.metadata.labels ?? {}));
}

function termsOf(selector: string): string[] {
  return selector === "" ? [] : selector.split(",").map((term) => term.trim());
}

/** Every kind is selected by these two fields; which others it is selected by, and how, only the server knows. */
function fieldHolds(term: string, { metadata }: KubeObject): boolean {
  const [, field, value] = /^metadata\.(name|namespace)==?([^=]*)$/.exec(term) ?? [];
  return field === "name" ? metadata.name === value : field === "namespace" && metadata.namespace === value;
}

function holds(term: string, labels: Readonly<Record<string, string>>): boolean {
  const [, not, name = "", operator, value = ""] = /^(!?)([^=!\s()]+)(==|!=|=)?([^=!\s()]*)$/.exec(term) ?? [];
  if (name === "") return false;
  if (operator === undefined) return not === "!" ? labels[name] === undefined : labels[name] !== undefined;
  return operator === "!=" ? labels[name] !== value : labels[name] === value;
}
