/** What every pod of ours has alike: nothing that the restricted Pod Security standard forbids, and its ground. */
import type { Subnet } from "../webflow/class-schema.ts";

export const podSecurity = { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } } as const;

export const containerSecurity = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  readOnlyRootFilesystem: true,
} as const;

/** Fields of a pod that put it on the subnet's nodes. */
export function placement(subnet: Subnet | undefined, more: readonly object[] = []): Record<string, unknown> {
  const selector = subnet?.nodeSelector ?? {};
  const tolerations = [...(subnet?.tolerations ?? []), ...more];
  return {
    ...(Object.keys(selector).length === 0 ? {} : { nodeSelector: selector }),
    ...(tolerations.length === 0 ? {} : { tolerations }),
  };
}
