#!/bin/sh
# The agent stops where /proc/modules is missing, as on a kernel with everything built in. Then it is shown a /proc
# with an empty one, and a list of what is built in. The false /proc is built elsewhere and put in place as the last
# step: filled afterwards, another process of this container would meet it half-made.
set -eu
agent=/usr/lib/cilium/cilium-agent
[ -e /proc/modules ] && exec "$agent" "$@"

mkdir -p /run/realproc /run/falseproc
mount --rbind /proc /run/realproc
mount -t tmpfs tmpfs /run/falseproc
ln -s /run/realproc/* /run/falseproc/
: > /run/falseproc/modules

mount -t tmpfs tmpfs /lib/modules
mkdir -p "/lib/modules/$(uname -r)"
for name in ip_tables iptable_nat iptable_mangle iptable_raw iptable_filter xt_socket xt_TPROXY xt_CT xt_mark \
  xt_comment ip_set xt_set nf_conntrack vxlan cls_bpf sch_ingress sch_fq; do
  echo "kernel/net/$name.ko"
done > "/lib/modules/$(uname -r)/modules.builtin"

mount --bind /run/falseproc /proc
exec "$agent" "$@"
