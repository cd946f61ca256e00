// Stands before runc as Docker's default runtime. What --privileged asks for is a list Docker knows, and a host may
// hold less (no CAP_SYS_RESOURCE: runc refuses) or more (CAP_BPF and its kin, which an old Docker cannot name and
// BPF tools want). This makes the list fit the host, then becomes runc.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

const runc = "/usr/sbin/runc"

var added = map[string]uint{"CAP_PERFMON": 38, "CAP_BPF": 39, "CAP_CHECKPOINT_RESTORE": 40}

const sysResource = 24

func bounding() uint64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for _, line := range strings.Split(string(status), "\n") {
		if hex, found := strings.CutPrefix(line, "CapBnd:"); found {
			bits, _ := strconv.ParseUint(strings.TrimSpace(hex), 16, 64)
			return bits
		}
	}
	return 0
}

func fitCapabilities(process map[string]any, held uint64) {
	sets, ok := process["capabilities"].(map[string]any)
	if !ok {
		return
	}
	for set, value := range sets {
		list, ok := value.([]any)
		if !ok {
			continue
		}
		if held&(1<<sysResource) == 0 {
			list = slices.DeleteFunc(list, func(name any) bool { return name == "CAP_SYS_RESOURCE" })
		}
		if slices.Contains(list, any("CAP_SYS_ADMIN")) {
			for name, bit := range added {
				if held&(1<<bit) != 0 && !slices.Contains(list, any(name)) {
					list = append(list, name)
				}
			}
		}
		sets[set] = list
	}
}

func fitProcess(process map[string]any, held uint64) {
	fitCapabilities(process, held)
	if _, ok := process["oomScoreAdj"]; ok && held&(1<<sysResource) == 0 {
		process["oomScoreAdj"] = 0
	}
}

func rewrite(file string, inner bool) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var document map[string]any
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	if err := decoder.Decode(&document); err != nil {
		return err
	}
	process := document
	if inner {
		process, _ = document["process"].(map[string]any)
	}
	if process != nil {
		fitProcess(process, bounding())
	}
	changed, err := json.Marshal(document)
	if err != nil {
		return err
	}
	return os.WriteFile(file, changed, 0o600)
}

func option(args []string, names ...string) string {
	for i, arg := range args {
		for _, name := range names {
			if arg == name && i+1 < len(args) {
				return args[i+1]
			}
			if value, found := strings.CutPrefix(arg, name+"="); found {
				return value
			}
		}
	}
	return ""
}

func main() {
	args := os.Args[1:]
	var err error
	switch {
	case slices.Contains(args, "create") || slices.Contains(args, "run"):
		if bundle := option(args, "--bundle", "-b"); bundle != "" {
			err = rewrite(filepath.Join(bundle, "config.json"), true)
		}
	case slices.Contains(args, "exec"):
		if file := option(args, "--process", "-p"); file != "" {
			err = rewrite(file, false)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "runc-wrapper:", err)
		os.Exit(1)
	}
	if err := syscall.Exec(runc, append([]string{"runc"}, args...), os.Environ()); err != nil {
		fmt.Fprintln(os.Stderr, "runc-wrapper: cannot start", runc, ":", err)
		os.Exit(1)
	}
}
