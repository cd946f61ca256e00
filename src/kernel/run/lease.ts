/** What a Lease's record says and when it may be taken: decisions alone, by values. */
import type { KubeObject } from "../objects.ts";

export interface LeaseSpec {
  holderIdentity?: string;
  leaseDurationSeconds?: number;
  acquireTime?: string;
  renewTime?: string;
  leaseTransitions?: number;
}

export interface Observed {
  holder: string;
  durationMs: number;
  /** The whole record, as text: any change of it is a sign of life. */
  record: string;
  /** When we first saw this record, by our own monotonic clock. */
  seenAt: number;
}

export function recordOf(lease: KubeObject, before: Observed | undefined, now: number): Observed {
  const spec = (lease.spec ?? {}) as LeaseSpec;
  const record = JSON.stringify([
    lease.metadata.uid,
    spec.holderIdentity,
    spec.acquireTime,
    spec.renewTime,
    spec.leaseTransitions,
  ]);
  return {
    holder: spec.holderIdentity ?? "",
    durationMs: (spec.leaseDurationSeconds ?? 15) * 1000,
    record,
    seenAt: before?.record === record ? before.seenAt : now,
  };
}

/** Nobody holds it, we hold it, or its holder has shown no sign of life for as long as it asked for. */
export function mayTake(observed: Observed, identity: string, now: number): boolean {
  return observed.holder === "" || observed.holder === identity || now - observed.seenAt >= observed.durationMs;
}
