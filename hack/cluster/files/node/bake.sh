#!/bin/sh
# Reads a tar of images on stdin into the content store of the container this runs in.
set -eu
# Outside /var: a node's /var is a volume, into which Docker copies what the image holds, for each node anew.
mkdir -p /kind/content /var/lib/containerd
ln -s /kind/content /var/lib/containerd/io.containerd.content.v1.content
containerd --log-level warn > /tmp/containerd.log 2>&1 &
pid=$!
for _ in $(seq 100); do
  ctr version > /dev/null 2>&1 && break
  sleep 0.1
done
ctr -n k8s.io images import --local --no-unpack --digests -
kill "$pid"
wait "$pid" || true
