// Every kubelet, containerd and kube-proxy watches files, as one user: the usual 128 instances do not last for four
// nodes, on whichever road they came. A user who is not root keeps what the machine has.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { say } from "./progress.ts";
import { type ClusterState, writeState } from "./state.ts";

const limit = "/proc/sys/fs/inotify/max_user_instances";
const enough = 1024;

export function raiseInotify(state: ClusterState): void {
  if (process.getuid?.() !== 0 || !existsSync(limit)) return;
  const before = Number(readFileSync(limit, "utf8"));
  if (before >= enough) return;
  state.inotifyBefore = before;
  writeState(state); // before the change: whatever ends us now, the next command knows what to restore
  try {
    writeFileSync(limit, String(enough));
  } catch {
    say(`the limit of inotify instances stays at ${before}: ${limit} cannot be written`);
  }
}

export function restoreInotify(state: ClusterState | undefined): void {
  if (!state?.inotifyBefore) return;
  try {
    if (Number(readFileSync(limit, "utf8")) !== enough) return; // somebody has changed it since
    writeFileSync(limit, String(state.inotifyBefore));
  } catch {
    // it could not be raised either
  }
}
