/** What is asked of the API server and what it answers, by call. */
import type { KubeObject, Metadata } from "./objects.ts";

export interface CallOptions {
  signal?: AbortSignal;
  deadlineMs?: number;
}

export interface ListQuery extends CallOptions {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  limit?: number;
  continue?: string;
  resourceVersion?: string;
  resourceVersionMatch?: "Exact" | "NotOlderThan";
}

export interface ListPage {
  items: KubeObject[];
  resourceVersion: string;
  continue: string | undefined;
}

export interface WatchQuery {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  resourceVersion: string;
  timeoutSeconds: number;
  signal: AbortSignal;
  /** The server has accepted the watch. */
  opened?: () => void;
  /** Bytes have come. */
  heard?: () => void;
}

export interface ApplyOptions extends CallOptions {
  fieldManager: string;
  force?: boolean;
  dryRun?: boolean;
  subresource?: string;
}

export interface ApplyAnswer {
  object: KubeObject;
  /** The server made it now (201), rather than finding it there (200). */
  created: boolean;
}

/** What a deletion must name: neither a namesake nor a later state is ever deleted by mistake. */
export type Exactly = Pick<Metadata, "name" | "namespace"> & { uid: string; resourceVersion: string };
