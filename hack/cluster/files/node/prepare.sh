#!/bin/sh
# Turns Debian with systemd plus kind's own files into a node, as kind's images/base/Dockerfile does, with what an
# old control group layout and a host without CAP_SYS_RESOURCE need.
set -eu

chmod 755 /kind /kind/bin /kind/bin/* /usr/local/bin/entrypoint /usr/local/bin/clean-install
find /etc /kind -type f -perm 0444 -exec chmod u+w {} +
for name in kubelet kubeadm kubectl; do ln -sf kubernetes /usr/bin/$name; done

# Only what a node needs may start: the same clean-up as kind's.
find /lib/systemd/system/sysinit.target.wants/ -name systemd-tmpfiles-setup.service -delete
rm -f /lib/systemd/system/multi-user.target.wants/* /etc/systemd/system/*.wants/*
rm -f /lib/systemd/system/local-fs.target.wants/* /lib/systemd/system/basic.target.wants/*
rm -f /lib/systemd/system/sockets.target.wants/*udev* /lib/systemd/system/sockets.target.wants/*initctl*
echo "ReadKMsg=no" >> /etc/systemd/journald.conf

# Without CAP_SYS_RESOURCE a unit that lowers its score does not start. Some units are links to /dev/null: -type f.
find /lib/systemd/system /etc/systemd/system -type f -exec sed -i '/^OOMScoreAdjust=/d' {} +
sed -i 's/restrict_oom_score_adj = false/restrict_oom_score_adj = true/' /etc/containerd/config.toml
sed -i "s|sandbox_image = .*|sandbox_image = \"$1\"|" /etc/containerd/config.toml

ctr oci spec |
  jq '.hooks.createContainer[.hooks.createContainer| length] |= . + {"path": "/kind/bin/mount-product-files.sh"}' |
  jq 'del(.process.rlimits)' > /etc/containerd/cri-base.json

systemctl enable kubelet.service containerd.service undo-mount-hacks.service run-cilium-cgroupv2.mount
systemctl mask systemd-binfmt.service
mkdir -p /etc/kubernetes/manifests
echo "$2" > /kind/version
