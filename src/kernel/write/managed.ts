/** What the server notes of who wrote which fields (managedFields), as far as it says whose an object is. */
import type { KubeObject } from "../objects.ts";

interface ManagedFields {
  manager?: string;
  operation?: string;
  subresource?: string;
}

/** Whether it has fields that this manager applied. */
export function isAppliedBy(object: KubeObject, manager: string): boolean {
  const { managedFields = [] } = object.metadata as KubeObject["metadata"] & { managedFields?: ManagedFields[] };
  return managedFields.some(
    (entry) => entry.manager === manager && entry.operation === "Apply" && (entry.subresource ?? "") === "",
  );
}
