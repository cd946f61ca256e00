#!/bin/bash
# A host on the Internet outside: it knows its own network and the way to the public addresses, nothing else.
# PUBLIC_RANGE GATEWAY RESOLVER come from the environment; arguments are what this host runs, if anything.
set -u
ip route del default 2> /dev/null
ip route replace "$PUBLIC_RANGE" via "$GATEWAY"
if [ -n "${RESOLVER:-}" ]; then echo "nameserver $RESOLVER" > /etc/resolv.conf; fi
[ $# -gt 0 ] && exec "$@"
trap 'exit 0' TERM INT
while true; do
  sleep 3600 &
  wait $!
done
