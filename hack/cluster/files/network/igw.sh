#!/bin/bash
# The Internet gateway of the VPC: a routing table that sends the public addresses to the public nodes alive, no way
# into the private subnet, and masquerading for what the nodes send out.
# PUBLIC_NODES PRIVATE_RANGES PUBLIC_RANGE VPC_RANGE INTERNET_RANGE come from the environment.
set -u
trap 'exit 0' TERM INT

device() { ip -o route show "$1" | sed -n 's/.* dev \([^ ]*\).*/\1/p' | head -1; }

ip route del default 2> /dev/null
for range in $PRIVATE_RANGES; do ip route replace blackhole "$range"; done
iptables -t nat -C POSTROUTING -s "$VPC_RANGE" -o "$(device "$INTERNET_RANGE")" -j MASQUERADE 2> /dev/null ||
  iptables -t nat -A POSTROUTING -s "$VPC_RANGE" -o "$(device "$INTERNET_RANGE")" -j MASQUERADE

healthy() { # as a cloud's load balancer asks a node: does its kube-proxy forward?
  curl --silent --fail --max-time 1 --output /dev/null "http://$1:10256/livez"
}

declare -A misses
table=unset
while true; do
  hops=""
  for node in $PUBLIC_NODES; do
    if healthy "$node"; then misses[$node]=0; else misses[$node]=$((${misses[$node]:-2} + 1)); fi
    # Two misses in a row: one slow answer must not move connections to another node.
    [ "${misses[$node]}" -lt 2 ] && hops="$hops nexthop via $node"
  done
  if [ "$hops" != "$table" ]; then
    # shellcheck disable=SC2086 # several words on purpose
    if [ -n "$hops" ]; then ip route replace "$PUBLIC_RANGE" $hops; else ip route replace unreachable "$PUBLIC_RANGE"; fi
    table=$hops
    echo "$(date -Is) $PUBLIC_RANGE:${hops:- no node is alive}"
  fi
  sleep 1 &
  wait $!
done
