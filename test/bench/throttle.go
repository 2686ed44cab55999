package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// errNoThrottle reports that this machine lets nobody limit a process's processor time.
var errNoThrottle = errors.New("no control group for processor time can be made here: that takes root and Linux's cpu controller")

// throttle is a control group whose processes have the processor time that Lambda gives
// a function: a share in proportion to its memory, one processor at 1,769 MB, dealt out
// in periods of 20 ms.
//
// Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
type throttle struct{ dir string }

const (
	throttlePeriod   = 20 * time.Millisecond
	megabytesPerVCPU = 1769
	throttleRootV1   = "/sys/fs/cgroup/cpu"
	throttleRootV2   = "/sys/fs/cgroup"
)

// newThrottle makes a group for a function of so many MB. It fails with errNoThrottle
// where there can be none.
func newThrottle(megabytes int) (*throttle, error) {
	period := throttlePeriod.Microseconds()
	quota := period * int64(megabytes) / megabytesPerVCPU
	name := fmt.Sprintf("copilotkit-bench-%d-%d", os.Getpid(), megabytes)
	group, settings := filepath.Join(throttleRootV1, name), []setting{
		{"cpu.cfs_period_us", strconv.FormatInt(period, 10)},
		{"cpu.cfs_quota_us", strconv.FormatInt(quota, 10)},
	}
	if controllers, err := os.ReadFile(filepath.Join(throttleRootV2, "cgroup.controllers")); err == nil && bytes.Contains(controllers, []byte("cpu")) {
		group, settings = filepath.Join(throttleRootV2, name), []setting{{"cpu.max", fmt.Sprint(quota, " ", period)}}
		// Where it is on already, this changes nothing.
		_ = os.WriteFile(filepath.Join(throttleRootV2, "cgroup.subtree_control"), []byte("+cpu"), 0o644)
	}
	if err := os.Mkdir(group, 0o755); err != nil {
		return nil, fmt.Errorf("%w (%v)", errNoThrottle, err)
	}
	t := &throttle{group}
	for _, s := range settings {
		if err := s.write(group); err != nil {
			return nil, errors.Join(fmt.Errorf("%w (%v)", errNoThrottle, err), t.close())
		}
	}
	return t, nil
}

// setting is a file of a control group.
type setting struct{ file, value string }

func (s setting) write(group string) error {
	// Not created: a group without the controller has no such file.
	file, err := os.OpenFile(filepath.Join(group, s.file), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteString(s.value)
	return errors.Join(err, file.Close())
}

// add puts a process into the group.
func (t *throttle) add(process int) error {
	return setting{"cgroup.procs", strconv.Itoa(process)}.write(t.dir)
}

// close removes the group, whose processes must have ended.
func (t *throttle) close() error {
	err := os.Remove(t.dir)
	for deadline := time.Now().Add(time.Second); errors.Is(err, syscall.EBUSY) && time.Now().Before(deadline); err = os.Remove(t.dir) {
		time.Sleep(10 * time.Millisecond) // a process that has ended leaves it a moment later
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
