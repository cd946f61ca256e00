/**
 * Writes as the API server answers them: an answer -> resource, verb and result, in the words of its RBAC and audit log.
 * What may be written is known from the operator's rights, so that each such answer has a series from the start.
 */

import * as kinds from "../webflow/kinds.ts";
import type { Permission, Verb } from "../webflow/rbac.ts";

export const writeResults = ["ok", "conflict", "refused", "error"] as const;
export type WriteResult = (typeof writeResults)[number];

export interface Write {
  /** Plural, with the subresource. Example: webflows/status. */
  resource: string;
  verb: Verb;
}

const verbs: Readonly<Record<string, Verb>> = { POST: "create", PUT: "update", PATCH: "patch", DELETE: "delete" };
const writing: readonly Verb[] = Object.values(verbs);

/** Undefined for what writes nothing: a read, or a dry run. */
export function writeOf(answer: {
  method: string;
  path: string;
  status: number;
}): (Write & { result: WriteResult }) | undefined {
  const { pathname, searchParams } = new URL(answer.path, "http://api");
  const verb = verbs[answer.method];
  if (verb === undefined || searchParams.get("dryRun") !== null) return undefined;
  return { resource: resourceIn(pathname), verb, result: resultOf(answer.status) };
}

/** /api/v1/... or /apis/GROUP/VERSION/..., then namespaces/NAME/ or not, then RESOURCE[/NAME[/SUBRESOURCE]]. */
function resourceIn(pathname: string): string {
  const [root, ...rest] = pathname.slice(1).split("/");
  const parts = rest.slice(root === "api" ? 1 : 2);
  const [resource = "", , subresource] = parts[0] === "namespaces" && parts.length > 2 ? parts.slice(2) : parts;
  return subresource === undefined ? resource : `${resource}/${subresource}`;
}

/** conflict: somebody else was there first, or it has gone; refused: the same write will be refused again. */
function resultOf(status: number): WriteResult {
  if (status >= 200 && status < 300) return "ok";
  if (status === 404 || status === 409 || status === 410) return "conflict";
  // No answer, too many requests, and whatever passes by itself.
  if (status < 400 || status === 408 || status === 429 || status >= 500) return "error";
  return "refused";
}

/** Reviews are answered and not kept. */
const unkept: readonly Permission["kind"][] = [kinds.TokenReview, kinds.SubjectAccessReview];

/** What these rights let be written. */
export function writesWith(permissions: readonly Permission[]): Write[] {
  return [...verbsByResource(permissions)].flatMap(([resource, may]) =>
    writing
      .filter((verb) => may.has(verb) && !(verb === "create" && may.has("patch")))
      .map((verb) => ({ resource, verb })),
  );
}

/** Kinds that these rights let be applied: server-side apply is a patch, and asks for the right to create besides. */
export function appliedWith(permissions: readonly Permission[]): string[] {
  const may = verbsByResource(permissions);
  const isApplied = ({ kind }: Permission) => may.get(kind.plural)?.has("create") && may.get(kind.plural)?.has("patch");
  return [...new Set(permissions.filter(isApplied).map(({ kind }) => kind.kind))];
}

function verbsByResource(permissions: readonly Permission[]): Map<string, Set<Verb>> {
  const found = new Map<string, Set<Verb>>();
  for (const { kind, subresource, verbs: may } of permissions) {
    if (unkept.includes(kind)) continue;
    const resource = subresource === undefined ? kind.plural : `${kind.plural}/${subresource}`;
    found.set(resource, new Set([...(found.get(resource) ?? []), ...may]));
  }
  return found;
}
